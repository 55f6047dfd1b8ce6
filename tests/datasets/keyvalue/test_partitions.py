from app.datasets.keyvalue.partitions import BUCKETS, bucket_name


class TestBucketName:
    def test_each_partition_of_a_generation_has_its_own(self) -> None:
        names = [bucket_name("g", number) for number in range(BUCKETS)]
        assert (names[0], names[-1]) == ("records#g#00", "records#g#ff")
        assert len(set(names)) == BUCKETS
        assert names == sorted(names)
