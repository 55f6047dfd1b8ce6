"""The check of an arriving picture: from a stranger's bytes to a clean master, in a process that may die of them.

`sniff` looks at the first bytes, `limits` at the header, `picture` decodes and encodes in a child process that
`process` keeps, and `arrival` makes the row ready or rejects it. Who has the bytes of a picture and a row for it calls

    async def check_image(row: Image, original: bytes) -> Image

of `arrival`, several at a time if there are several: it claims the row, checks the bytes, writes the master, the first
variant and the mirror, and gives the row as it is then, `ready` or `rejected`. The original is in the bucket at the
row's `object_key` before. A row that another worker is checking raises `CheckBusy`, to be asked for again later.
"""
