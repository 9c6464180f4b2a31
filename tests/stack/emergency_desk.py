"""Gives a hospital of a stack a desk of contacts: `python -m tests.stack.emergency_desk HOSPITAL SECONDS URL URL`."""

import json
import sys
from functools import partial

from infra.local import seeding
from infra.local.layout import Layout
from tests.hospitals.desk_makers import contact


def main(hospital_id: str, within_s: str, *urls: str) -> None:
    seeding.use(json.loads(Layout.of_make_up().stack_file.read_text(encoding="utf-8")))

    from functions.hospitals.actions import put_desk

    contacts = [contact(number, url) for number, url in enumerate(urls, 1)]
    put = partial(put_desk, hospital_id=hospital_id, contacts=contacts, acknowledge_within_s=int(within_s))
    seeding.write(seeding.Batch("hospitals", "test-desk", repr((hospital_id, within_s, urls)), [put]))


if __name__ == "__main__":
    main(*sys.argv[1:])
