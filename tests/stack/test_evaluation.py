"""The evaluation of templates, on which tests of the stack rest."""

from tests.stack.evaluation import Evaluation


class TestEvaluation:
    def test_a_parameter_has_its_default_or_what_is_given(self) -> None:
        assert Evaluation().value({"Ref": "Name"}) == "tolva"
        assert Evaluation(Name="other").value({"Fn::Sub": "${Name}-${AWS::Region}-${Cluster}"}) == (
            "other-eu-west-1-${Cluster}"
        )

    def test_conditions_decide_what_there_is(self) -> None:
        assert "Reader" not in Evaluation().resources()
        assert "Reader" in Evaluation(HighlyAvailable="true").resources()
        assert (
            "SecondsUntilAutoPause"
            not in Evaluation(MinCapacity="1").properties("Cluster")["ServerlessV2ScalingConfiguration"]
        )

    def test_a_rule_refuses_what_does_not_fit(self) -> None:
        assert Evaluation().failing_rules() == []
        assert Evaluation(DomainName="api.example.com").failing_rules() == ["DomainNeedsCertificate"]

    def test_numbers_come_from_the_map(self) -> None:
        assert Evaluation(MaxCapacity="2").value({"Fn::FindInMap": ["Capacity", {"Ref": "MaxCapacity"}, "Worker"]}) == 8
