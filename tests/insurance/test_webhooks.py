"""Telling the insurer, with a real server at the other end (B13)."""

from datetime import timedelta
from functools import partial
from ipaddress import ip_address

import pytest

from functions.insurance import actions, table
from functions.insurance.rules.thresholds import Thresholds
from functions.shared import clock, crypto, webhooks
from functions.shared.endpoints import UnsafeEndpoint
from functions.shared.table import forget_kept
from functions.shared.tx import Tx
from tests.insurance.makers import SECRET, Desk, commit


def issued(desk: Desk) -> str:
    """An insured order was paid and everything that follows has happened; its policy's id."""
    event = desk.paid_order(desk.world.person("client"))
    desk.world.publish(event)
    return event.order_id.replace("ord_", "pol_")


def retries(desk: Desk) -> list[str]:
    """Timers that would send again."""
    return [timer.kind for timer in desk.world.timers.values() if timer.kind == "retry_delivery"]


class TestDelivery:
    @pytest.mark.feature("B13")
    @pytest.mark.feature("F36")
    def test_the_insurer_verifies_what_it_is_told(self, desk: Desk) -> None:
        desk.put_endpoint()
        policy_id = issued(desk)
        (event,) = desk.received()
        assert (event["type"], event["data"]["policy_id"]) == ("policy.issued", policy_id)
        assert event["data"]["premium_fen"] == 500
        (delivery,) = desk.deliveries()
        assert (delivery.state, delivery.delivery_id) == ("delivered", event["id"])
        assert [attempt.status for attempt in delivery.attempts] == [200]
        assert retries(desk) == []

    @pytest.mark.feature("B13")
    def test_the_same_id_and_bytes_each_time_until_it_is_accepted(self, desk: Desk) -> None:
        desk.put_endpoint()
        desk.insurer.answers = [500, 404, 302]
        issued(desk)
        desk.world.advance(hours=1)
        assert len(desk.insurer.seen) == 4
        assert len({headers["webhook-id"] for headers, _ in desk.insurer.seen}) == 1
        assert len({body for _, body in desk.insurer.seen}) == 1
        stamps = [int(headers["webhook-timestamp"]) for headers, _ in desk.insurer.seen]
        assert stamps == sorted(set(stamps))
        assert [attempt.status for attempt in desk.deliveries()[0].attempts] == [500, 404, 302, 200]

    @pytest.mark.feature("B13")
    def test_after_eight_attempts_it_is_given_up(self, desk: Desk) -> None:
        desk.put_endpoint()
        desk.insurer.answers = [503] * 20
        issued(desk)
        begun = clock.now()
        desk.world.advance(days=3)
        (delivery,) = desk.deliveries()
        assert (delivery.state, len(delivery.attempts)) == ("failed", 8)
        assert timedelta(hours=27) < delivery.attempts[-1].at - begun < timedelta(hours=31)
        assert retries(desk) == []

    @pytest.mark.feature("B13")
    def test_gone_disables_the_endpoint(self, desk: Desk) -> None:
        desk.put_endpoint()
        desk.insurer.answers = [410]
        issued(desk)
        assert desk.endpoint().disabled_at == clock.now()
        issued(desk)
        assert len(desk.insurer.seen) == 1
        desk.put_endpoint()
        issued(desk)
        assert len(desk.received()) == 1

    def test_a_message_to_an_endpoint_that_was_disabled_meanwhile_is_not_sent(self, desk: Desk) -> None:
        desk.put_endpoint()
        desk.insurer.answers = [500, 410]
        issued(desk)
        issued(desk)
        desk.world.advance(minutes=1)
        assert len(desk.insurer.seen) == 2
        assert {delivery.state for delivery in desk.deliveries()} == {"failed"}

    def test_each_endpoint_that_asked_gets_its_own_message(self, desk: Desk) -> None:
        desk.put_endpoint("one")
        desk.put_endpoint("two")
        desk.put_endpoint("three", event_types=["claim.filed"])
        issued(desk)
        assert {delivery.endpoint_id for delivery in desk.deliveries()} == {"one", "two"}
        assert len({headers["webhook-id"] for headers, _ in desk.insurer.seen}) == 2

    def test_events_that_come_again_send_nothing_again(self, desk: Desk) -> None:
        desk.put_endpoint()
        issued(desk)
        for event in list(desk.world.delivered):
            desk.world.hand_over(event)
        desk.world.deliver()
        assert len(desk.insurer.seen) == 1

    def test_a_crash_after_the_call_sends_the_same_message_again(self, desk: Desk) -> None:
        desk.put_endpoint()
        desk.insurer.answers = [500]
        issued(desk)
        (delivery,) = desk.deliveries()
        for _ in range(2):  # the first call's outcome is never committed
            actions.attempt_delivery(Tx("insurance", now=clock.now(), correlation_id="test"), delivery.delivery_id)
        (event,) = desk.received()
        assert event["deliveries"] == 2

    @pytest.mark.parametrize("host", ["127.0.0.1:9", "nowhere.invalid:80"])
    def test_an_insurer_that_cannot_be_reached_is_tried_again(
        self, desk: Desk, host: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", host)
        desk.put_endpoint(url=f"http://{host}/webhooks")
        issued(desk)
        (delivery,) = desk.deliveries()
        (attempt,) = delivery.attempts
        assert (delivery.state, attempt.status, bool(attempt.error)) == ("pending", None, True)

    def test_an_insurer_that_is_too_slow_is_tried_again(self, desk: Desk) -> None:
        commit(partial(actions.put_policy, wanted=Thresholds(attempt_timeout_s=1)))
        desk.put_endpoint()
        desk.insurer.inbox.misbehave(status=200, delay_s=1.5, times=1)
        issued(desk)
        (delivery,) = desk.deliveries()
        assert [(attempt.status, attempt.error) for attempt in delivery.attempts] == [(None, "ReadTimeoutError")]

    def test_the_schedule_is_data(self, desk: Desk) -> None:
        commit(partial(actions.put_policy, wanted=Thresholds(retry_delays_s=(1, 1), retry_jitter_bp=0)))
        forget_kept()
        desk.put_endpoint()
        desk.insurer.answers = [500] * 9
        issued(desk)
        desk.world.advance(seconds=2)
        assert [(row.state, len(row.attempts)) for row in desk.deliveries()] == [("failed", 3)]


class TestSecret:
    def test_it_is_stored_encrypted_for_its_endpoint_alone(self, desk: Desk) -> None:
        desk.put_endpoint()
        row = desk.endpoint()
        assert SECRET not in row.secret
        assert row.open_secret() == SECRET
        row.endpoint_id = "another"
        crypto.open_key.cache_clear()
        with pytest.raises(Exception, match="InvalidCiphertext"):
            row.open_secret()


class TestGuard:
    @pytest.mark.parametrize("url", ["http://insurer.example/", "https://user@insurer.example/", "nonsense"])
    def test_an_unsafe_endpoint_is_not_registered(self, desk: Desk, url: str) -> None:
        with pytest.raises(UnsafeEndpoint):
            desk.put_endpoint(url=url)
        assert table.endpoints_of("ins_demo") == []

    @pytest.mark.parametrize("addresses", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::ffff:169.254.169.254"]])
    def test_a_name_that_leads_inside_is_not_called(self, desk: Desk, addresses: list[str]) -> None:
        attempt = webhooks.deliver(
            url=desk.insurer.url.replace("http://127.0.0.1", "https://insurer.example") + "/webhooks",
            secret=SECRET,
            webhook_id="whd_1",
            body="{}",
            now=clock.now(),
            timeout_s=2,
            resolving=lambda host, port: [ip_address(address) for address in addresses],
        )
        assert attempt.status is None
        assert "UnsafeEndpoint" in attempt.error
        assert desk.insurer.seen == []

    def test_a_server_without_a_certificate_for_its_name_is_not_told(self, desk: Desk) -> None:
        url = desk.insurer.url.replace("http://", "https://") + "/webhooks"
        attempt = webhooks.deliver(url=url, secret=SECRET, webhook_id="whd_1", body="{}", now=clock.now(), timeout_s=2)
        assert (attempt.status, attempt.error) == (None, "SSLError")
        assert desk.insurer.seen == []
