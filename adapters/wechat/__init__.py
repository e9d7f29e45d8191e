"""WeChat by the routes that users have: each is a module of its own over what is shared here. Imports nothing heavy.

Shared: `plain` (replies as WeChat shows them), `mentions` (``@name`` in and out) and `pacing` (speed of a person).
"""
