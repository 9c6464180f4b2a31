"""The local stack: `python -m infra.local up|down|reset|logs|demo` (what the Makefile calls).

install.py    virtual environments, from the hashed requirement files
layout.py     where one stack lives: folder, ports, account
processes.py  starting and stopping by pid file
emulator.py   AWS on this machine (ministack, in a virtual environment of its own)
stack.py      deploys the template into it, with secrets, parameters, stand-ins; writes stack.json
seeding.py    cities, hospitals, companions … from seed/*.yaml
standins/     WeChat, WeChat Pay and an insurer
demo.py       plays a story over HTTP and tells it in Chinese; demo_*.py are its parts, which tests play too
"""
