"""What must not be answered or said: word lists, a moderation endpoint, and the screen that asks both."""
