"""Scratch."""
from tests.booking.makers import Town


def test_x(town: Town) -> None:
    a, b = town.companion(), town.companion(rating_hundredths=470)
    q = town.quote()
    print(q)
    print(town.matches(q["quote_id"]).body)
    o = town.order(a, quote_id=q["quote_id"])
    print(o)
    town.pay(o)
    print(town.state(o))
    assert town.accept(a).status == 200
    town.world.deliver()
    print(town.state(o))
    print(town.world.get(f"/orders/{o['order_id']}/itinerary", as_=town.client).body)
    print(town.world.events("order.assigned"), town.world.timers)
    assert 0
