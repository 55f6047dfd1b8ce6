"""Images: pictures in the bucket, checked on arrival, served in bounded sizes, and named by records."""
