"""The bot: durable delivery, lanes, the assistant, admin commands, and the wiring of adapters and models."""

VERSION = "0.1.0"
