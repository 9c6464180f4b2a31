"""`python -m infra.local.demo [order|remedies]`: plays a story on the local stack, told with the calls behind it."""

import json
import sys

from infra.local import demo_order, demo_preparation, demo_remedies, demo_troubles, demo_visit
from infra.local.demo_order import Order
from infra.local.demo_stage import Missing, Stage, Story
from infra.local.layout import Layout

STORIES = ("order", "remedies")


def main() -> int:
    try:
        facts = json.loads(Layout.of_make_up().stack_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        print("there is no local stack yet; make one with: make up", file=sys.stderr)
        return 1
    told = sys.argv[1] if len(sys.argv) > 1 else "order"
    if told not in STORIES:
        print(f"there is no story {told}; there are: {', '.join(STORIES)}", file=sys.stderr)
        return 1
    story = Story()
    try:
        if told == "remedies":
            untold = Stage.of_stack(facts, Story(tell=lambda _: None))
            demo_remedies.play_remedies(Stage.of_stack(facts, story), untold)
        else:
            play_all(Stage.of_stack(facts, story))
    except Missing as missing:
        print(f"\n没有成功：{missing}", file=sys.stderr)
        return 1
    print(f"\n全部 {story.steps} 步都已核对，用时 {story.elapsed_s:.1f} 秒。")
    return 0


def play_all(stage: Stage) -> Order:
    """The good order, with the three that go wrong around it. Raises Missing."""
    troubles = demo_troubles.begin(stage)
    demo_troubles.check_wrong_amount_is_set_aside(stage, troubles)
    order = play_order(stage)
    demo_troubles.finish(stage, troubles)
    return order


def play_order(stage: Stage) -> Order:
    """One complete order, from signing in with WeChat to the companion's income. Raises Missing."""
    client = demo_order.sign_in_client(stage)
    patient_id = demo_order.add_father(stage, client)
    hospital = demo_order.browse(stage)
    order = demo_order.order_companion(stage, client, patient_id)
    demo_order.pay(stage, order)
    demo_order.check_cover_and_books(stage, order)
    companion = demo_order.accept(stage, order)
    demo_preparation.prepare(stage, order)
    guest = demo_visit.share(stage, order)
    demo_visit.attend(stage, order, companion, guest, hospital)
    demo_visit.report(stage, order, companion, guest)
    demo_visit.earn(stage, order, companion)
    demo_visit.check_insurer(stage, order)
    return order


if __name__ == "__main__":
    sys.exit(main())
