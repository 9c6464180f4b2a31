"""Policies, deliveries, endpoints: the rules alone."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.insurance.rules import deliveries
from functions.insurance.rules.deliveries import (
    DELIVERY_MOVES,
    DeliveryState,
    judge,
    move_delivery,
    retry_delay,
)
from functions.insurance.rules.policies import POLICY_MOVES, IllegalMove, Policy, PolicyState, move_policy
from functions.insurance.rules.thresholds import Thresholds
from functions.shared.endpoints import Attempt, UnsafeEndpoint, is_public, target_of

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
POLICY = Policy(
    policy_id="pol_1",
    order_id="ord_1",
    client_id="acc_secret",
    product_id="anxin_visit",
    product_name="诊伴安心险",
    insurer_id="ins_demo",
    premium_fen=500,
    wording_version="2026.1",
    state=PolicyState.ISSUED,
    starts_at=NOW,
    ends_at=NOW + timedelta(hours=4),
    issued_at=NOW,
    version=1,
)


def refused(times: int, status: int | None = 500) -> tuple[Attempt, ...]:
    return tuple(Attempt(NOW + timedelta(hours=number), status) for number in range(times))


class TestStates:
    def test_a_final_delivery_changes_only_by_being_sent_again(self) -> None:
        assert set(DELIVERY_MOVES) == set(DeliveryState)
        for state, other in (
            (DeliveryState.DELIVERED, DeliveryState.FAILED),
            (DeliveryState.FAILED, DeliveryState.DELIVERED),
        ):
            assert move_delivery(state, DeliveryState.PENDING) is DeliveryState.PENDING
            with pytest.raises(IllegalMove):
                move_delivery(state, other)
        assert move_delivery(DeliveryState.PENDING, DeliveryState.PENDING) is DeliveryState.PENDING

    def test_the_table_is_closed_and_holds(self) -> None:
        assert set(POLICY_MOVES) == set(PolicyState)
        for state in PolicyState:
            for to in PolicyState:
                if to in POLICY_MOVES[state]:
                    assert move_policy(state, to) is to
                else:
                    with pytest.raises(IllegalMove):
                        move_policy(state, to)


class TestSchedule:
    def test_eight_attempts_over_about_28_hours(self) -> None:
        delays = Thresholds().retry_delays_s
        assert len(delays) + 1 == 8
        assert timedelta(hours=27) < timedelta(seconds=sum(delays)) < timedelta(hours=29)

    @given(st.text(min_size=1, max_size=30), st.integers(min_value=1, max_value=7))
    def test_the_jitter_adds_at_most_a_tenth(self, delivery_id: str, attempts: int) -> None:
        base = timedelta(seconds=Thresholds().retry_delays_s[attempts - 1])
        assert base <= retry_delay(delivery_id, attempts, Thresholds()) <= base * 1.1

    @given(st.text(min_size=1, max_size=30))
    def test_each_attempt_is_later_than_the_one_before_and_waits_grow(self, delivery_id: str) -> None:
        base = Thresholds().retry_delays_s
        assert list(base) == sorted(base)
        at, due = NOW, [NOW]
        for attempts in range(1, 8):
            at += retry_delay(delivery_id, attempts, Thresholds())
            due.append(at)
        assert due == sorted(set(due))

    def test_messages_do_not_retry_in_step(self) -> None:
        assert len({retry_delay(f"whd_{number}", 3, Thresholds()) for number in range(50)}) > 40


class TestJudge:
    @pytest.mark.parametrize("status", [200, 201, 204, 299])
    def test_any_2xx_is_delivered(self, status: int) -> None:
        assert judge("whd_1", refused(1, status), Thresholds()).state is DeliveryState.DELIVERED

    @pytest.mark.parametrize("status", [None, 199, 301, 302, 400, 401, 404, 429, 500, 503])
    def test_anything_else_is_tried_again(self, status: int | None) -> None:
        verdict = judge("whd_1", refused(3, status), Thresholds())
        assert verdict.state is DeliveryState.PENDING
        assert verdict.retry_at == refused(3)[-1].at + retry_delay("whd_1", 3, Thresholds())

    def test_gone_disables_the_endpoint_at_once(self) -> None:
        verdict = judge("whd_1", refused(1, 410), Thresholds())
        assert (verdict.state, verdict.disables_endpoint) == (DeliveryState.FAILED, True)

    @given(st.integers(min_value=1, max_value=12))
    def test_the_eighth_refusal_is_the_last(self, times: int) -> None:
        verdict = judge("whd_1", refused(times), Thresholds())
        assert (verdict.state is DeliveryState.FAILED) == (times >= 8)
        assert (verdict.retry_at is None) == (times >= 8)


class TestMessage:
    @pytest.mark.feature("B13")
    def test_nothing_in_it_is_about_a_person(self) -> None:
        body = json.loads(deliveries.policy_issued(POLICY))
        assert body["type"] == "policy.issued"
        assert set(body["data"]) == {
            "policy_id",
            "order_id",
            "product_id",
            "wording_version",
            "premium_fen",
            "currency",
            "starts_at",
            "ends_at",
        }
        assert POLICY.client_id not in deliveries.policy_issued(POLICY)

    def test_the_same_policy_is_the_same_bytes(self) -> None:
        assert deliveries.policy_issued(POLICY) == deliveries.policy_issued(POLICY)

    def test_an_id_belongs_to_one_message_and_one_endpoint(self) -> None:
        made = {deliveries.delivery_id(message=m, endpoint_id=e) for m in ("a", "b") for e in ("a", "b")}
        assert len(made) == 4
        assert all(len(f"retry_delivery-{each}-ffffffff") <= 64 for each in made)


class TestEndpoint:
    @pytest.mark.parametrize(
        "url",
        [
            "http://insurer.example/hooks",
            "ftp://insurer.example/hooks",
            "insurer.example/hooks",
            "https://",
            "https:///hooks",
            "https://user@insurer.example/",
            "https://user:secret@insurer.example/",
            "https://insurer.example/#fragment",
            "https://insurer.example:port/",
            "https://insurer.example:99999/",
            "https://insurer example/",
            "https://insurer.example/\r\nHost: other",
            "https://保险.example/",
            "https://[::1/",
            "file:///etc/passwd",
            f"https://insurer.example/{'x' * 500}",
            "",
        ],
    )
    def test_what_is_not_plain_https_is_refused(self, url: str) -> None:
        with pytest.raises(UnsafeEndpoint):
            target_of(url, ())

    def test_a_url_is_taken_apart(self) -> None:
        target = target_of("https://Insurer.Example:8443/hooks?a=1", ())
        assert (target.host, target.port, target.path) == ("insurer.example", 8443, "/hooks?a=1")
        assert target_of("https://insurer.example", ()).path == "/"

    def test_only_a_named_host_may_go_without_tls(self) -> None:
        assert target_of("http://127.0.0.1:9003/webhooks", {"127.0.0.1:9003"}).is_trusted
        with pytest.raises(UnsafeEndpoint):
            target_of("http://127.0.0.1:9004/webhooks", {"127.0.0.1:9003"})
        with pytest.raises(UnsafeEndpoint):
            target_of("ftp://127.0.0.1:9003/", {"127.0.0.1:9003"})

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
        ],
    )
    def test_addresses_that_are_not_the_public_internet(self, address: str) -> None:
        assert not is_public(ip_address(address))

    @pytest.mark.parametrize("address", ["1.1.1.1", "120.92.1.1", "2400:3200::1", "::ffff:1.1.1.1"])
    def test_addresses_that_are(self, address: str) -> None:
        assert is_public(ip_address(address))
