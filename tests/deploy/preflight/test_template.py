from typing import Any

import pytest

from app.deploy.preflight.template import UNKNOWN, Deploy, ParameterUnknown, read_template

TEMPLATE = """
Parameters:
  Name: {Type: String}
  Size: {Type: Number, Default: 2}
  Second: {Type: String, Default: "false"}
Mappings:
  Sizes:
    "1": {Api: 10}
    "2": {Api: 20}
Conditions:
  HasSecond: !Equals [!Ref Second, "true"]
  IsSmall: !Not [!Equals [!Ref Size, "2"]]
  Both: !And [!Condition HasSecond, !Condition IsSmall]
  Either: !Or [!Condition HasSecond, !Condition IsSmall]
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub ${Name}-${AWS::AccountId}-${AWS::Region}
      Topic: !GetAtt Topic.Arn
      Other: !Sub "${Topic.Arn}/x"
      Extra: !Ref AWS::NoValue
      Joined: !Join ["-", [!Ref Name, "x"]]
      Lost: !Join ["-", [!Ref Topic, "x"]]
      Zone: !Select [1, !GetAZs ""]
      NoZone: !Select [9, !GetAZs ""]
      Given: !Sub ["${One}!${Two}", {One: !Ref Name, Two: 2}]
  Function:
    Type: AWS::Serverless::Function
    Properties: {ReservedConcurrentExecutions: !FindInMap [Sizes, !Ref Size, Api]}
  Second:
    Type: AWS::S3::Bucket
    Condition: HasSecond
    Properties: {BucketName: !If [IsSmall, small, !Ref Name]}
"""


def deploy(**parameters: str) -> Deploy:
    document = read_template(TEMPLATE)
    return Deploy(document, {"Name": "t", **parameters}, account="123", region="eu-west-1", zones=["a", "b"])


def found(which: Deploy, *types: str) -> dict[str, Any]:
    return {one.logical_id: one.properties for one in which.resources(*types)}


class TestDeploy:
    def test_values_are_those_of_the_deploy(self) -> None:
        assert found(deploy(), "AWS::S3::Bucket")["Bucket"] == {
            "BucketName": "t-123-eu-west-1",
            "Topic": UNKNOWN,
            "Other": UNKNOWN,
            "Joined": "t-x",
            "Lost": UNKNOWN,
            "Zone": "b",
            "NoZone": UNKNOWN,
            "Given": "t!2",
        }

    @pytest.mark.parametrize(("size", "reserved"), [("1", 10), ("2", 20)])
    def test_a_map_is_looked_up(self, size: str, reserved: int) -> None:
        properties = found(deploy(Size=size), "AWS::Serverless::Function")["Function"]
        assert properties["ReservedConcurrentExecutions"] == reserved

    def test_a_resource_has_its_condition(self) -> None:
        assert "Second" not in found(deploy())
        assert found(deploy(Second="true"))["Second"] == {"BucketName": "t"}
        assert found(deploy(Second="true", Size="1"))["Second"] == {"BucketName": "small"}

    @pytest.mark.parametrize(
        ("second", "size", "both", "either"),
        [("true", "1", True, True), ("true", "2", False, True), ("false", "2", False, False)],
    )
    def test_conditions_are_joined(self, second: str, size: str, both: bool, either: bool) -> None:
        which = deploy(Second=second, Size=size)
        assert which.value({"Fn::If": ["Both", True, False]}) is both
        assert which.value({"Fn::If": ["Either", True, False]}) is either

    def test_parameters_are_those_of_the_template(self) -> None:
        with pytest.raises(ParameterUnknown, match="no parameter Sise"):
            deploy(Sise="1")
        with pytest.raises(ParameterUnknown, match="Name is not given"):
            Deploy(read_template(TEMPLATE), {}, account="1", region="r", zones=[])
