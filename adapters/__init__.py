"""Platform adapters: each turns one platform's events into `adapters.base` values and posts replies."""
