import pytest

from app.deploy.preflight.template import Evaluation, ParameterUnknown, read_template

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


def evaluate(**parameters: str) -> Evaluation:
    return Evaluation(read_template(TEMPLATE), {"Name": "t", **parameters}, account="123", zones=["a", "b"])


class TestEvaluation:
    def test_values_are_those_of_the_deploy(self) -> None:
        assert evaluate().properties("Bucket") == {
            "BucketName": "t-123-eu-west-1",
            "Topic": {"Fn::GetAtt": ["Topic", "Arn"]},
            "Other": "${Topic.Arn}/x",
            "Zone": "b",
            "NoZone": {"Fn::Select": [9, {"Fn::GetAZs": ""}]},
            "Given": "t!2",
        }

    @pytest.mark.parametrize(("size", "reserved"), [("1", 10), ("2", 20)])
    def test_a_map_is_looked_up(self, size: str, reserved: int) -> None:
        (function,) = evaluate(Size=size).of_types("AWS::Serverless::Function")
        assert function.properties["ReservedConcurrentExecutions"] == reserved

    def test_a_resource_has_its_condition(self) -> None:
        assert "Second" not in evaluate().resources()
        assert evaluate(Second="true").properties("Second") == {"BucketName": "t"}
        assert evaluate(Second="true", Size="1").properties("Second") == {"BucketName": "small"}

    @pytest.mark.parametrize(
        ("second", "size", "both", "either"),
        [("true", "1", True, True), ("true", "2", False, True), ("false", "2", False, False)],
    )
    def test_conditions_are_joined(self, second: str, size: str, both: bool, either: bool) -> None:
        which = evaluate(Second=second, Size=size)
        assert (which.holds("Both"), which.holds("Either")) == (both, either)

    def test_parameters_are_those_of_the_template(self) -> None:
        evaluate().check_parameters({"Name": "t"})
        with pytest.raises(ParameterUnknown, match="no parameter Sise"):
            evaluate().check_parameters({"Name": "t", "Sise": "1"})
        with pytest.raises(ParameterUnknown, match="Name is not given"):
            evaluate().check_parameters({})
