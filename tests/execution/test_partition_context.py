"""What a function learns of the partition that it makes."""

from __future__ import annotations

from nbasset import Instance, MultiPartitionsDefinition, StaticPartitionsDefinition, asset, materialize

DAYS, ORIGINS = StaticPartitionsDefinition(["mon", "tue"]), StaticPartitionsDefinition(["EWR", "JFK"])


def test_a_partition_of_several_dimensions_knows_the_key_of_each() -> None:
    @asset(partitions_def=MultiPartitionsDefinition({"origin": ORIGINS, "day": DAYS}))
    def traffic(context):
        return [dict(context.partition_key.keys_by_dimension), dict(context.multi_partition_key.keys_by_dimension)]

    with Instance.ephemeral() as instance:
        result = materialize([traffic], partition_key="tue|JFK", instance=instance)
        assert result.asset_value("traffic", partition_key="tue|JFK") == [{"day": "tue", "origin": "JFK"}] * 2
