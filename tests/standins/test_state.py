"""The stand-ins' memory, keys and start: what survives a restart."""

import json
import stat
from pathlib import Path

from urllib3 import PoolManager

from infra.local.standins.journal import Journal
from infra.local.standins.keys import make_keys
from infra.local.standins.together import start


def test_records_and_log_survive_a_restart(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl")
    journal.put("order", "1", {"state": "new"})
    journal.put("order", "1", {"state": "paid"})
    journal.note("prepay", status=200)
    journal.close()
    again = Journal(tmp_path / "a.jsonl")
    assert again.get("order", "1") == {"state": "paid"}
    assert [entry["what"] for entry in again.log()] == ["prepay"]
    again.close()


def test_a_torn_last_line_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"kind":"order","key":"1","record":{"state":"paid"}}\n{"kind":"ord')
    journal = Journal(path)
    assert journal.all("order") == [{"state": "paid"}]
    journal.close()
    assert len(path.read_text().splitlines()) == 1


def test_a_record_cannot_be_changed_from_outside(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl")
    journal.put("order", "1", {"state": "new"})
    journal.all("order")[0]["state"] = "paid"
    assert journal.get("order", "1") == {"state": "new"}
    journal.close()


def test_keys_are_made_once_and_only_for_their_owner(standin_keys: Path) -> None:
    before = (standin_keys / "keys.json").read_text()
    path = make_keys(standin_keys)
    assert path.read_text() == before
    files = [path, *(standin_keys / "keys").iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_keys_tell_the_deploying_step_all_it_needs(standin_keys: Path) -> None:
    content = json.loads((standin_keys / "keys.json").read_text())
    files = [value for name, value in content["wechat_pay"].items() if name.endswith("_file")]
    assert all((standin_keys / file).read_text().startswith("-----BEGIN ") for file in files)
    assert len(content["wechat_pay"]["apiv3_key"]) == 32


def test_all_three_start_from_one_directory_and_remember(tmp_path: Path) -> None:
    first = start(tmp_path)
    code = PoolManager().request("POST", f"{first['wechat'].url}/_control/login-codes", json={"openid": "oWang"}).json()
    for running in first.values():
        running.stop()
    second = start(tmp_path)
    keys = json.loads((tmp_path / "keys.json").read_text())["wechat"]
    query = {
        "appid": keys["app_id"],
        "secret": keys["app_secret"],
        "js_code": code["code"],
        "grant_type": "authorization_code",
    }
    session = PoolManager().request("GET", f"{second['wechat'].url}/sns/jscode2session", fields=query).json()
    for running in second.values():
        running.stop()
    assert session["openid"] == "oWang"


pytest_plugins = ["tests.standins.fixtures"]
