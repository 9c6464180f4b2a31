"""Stand-ins for the outside parties, on loopback only: WeChat, WeChat Pay, and an insurer with a claims desk.

They refuse what the real ones refuse, sign and encrypt like them, keep their state across restarts, and misbehave on
demand, so that the adapters are tested against answers instead of against patched functions. Each has at `/` a page
for people, at `/_log` what it received as JSON, and under `/_control` what a test or a person may make it do.

    python -m infra.local.standins.keys --state-dir DIR
    python -m infra.local.standins --state-dir DIR --wechat-port 9101 --pay-port 9102 --insurer-port 9103

Control endpoints take and give JSON; they answer 400 or 409 `{"code", "message"}` when they refuse. Those of one
stand-in are listed in its module's docstring.
"""
