"""The partitions of the table that hold the records of a key-value dataset's generation. Pure."""

BUCKETS = 256
# What DynamoDB lets the second part of a key have.
MAX_KEY_BYTES = 1024


def bucket_name(generation: str, number: int) -> str:
    """One of a generation's partitions, from 0."""
    return f"records#{generation}#{number:02x}"
