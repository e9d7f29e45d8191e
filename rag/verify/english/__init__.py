"""What the check knows of English alone: forms of words, families, weights, and words that say the same."""
