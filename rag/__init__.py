"""Knowledge, retrieval, the relevance gate and answers. Knows no platform and no queue."""
