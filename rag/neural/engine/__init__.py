"""The micro-batching generation engine: many questions decode together on one model, joining and leaving between steps.

`Engine` is the door. `scheduler` decides and knows no torch, `cache` holds keys and values in fixed slots, `attention`
computes over them, `steps` runs the model, and `engine` owns the thread.
"""
