"""`python -m infra.synth --stage STAGE` writes `dist/STAGE/template.json` and `dist/STAGE/deployment.zip`.

    project.py    reads the project: Chalice's own `package` gives routes and triggers, the rooms say who owns what
    template.py   puts the parts together: parameters, fragments (infra/*.yaml), functions, API, bus, alarms
    functions.py  a Lambda function, a role and a log group per entry of `app.MODULES`
    api.py        the REST API, each route pointing at its room
    bus.py        a rule, a dead-letter queue and the permissions per room that listens
    alarms.py     an alarm per function
    bundle.py     the zip: dependencies for the target, trimmed, with compiled code

Everything but `project` and `bundle` is pure: from dicts to dicts.

The template is plain CloudFormation, without the SAM transform: a function is one resource either way, and a plain
REST API can carry a tag, gateway responses and a deployment that changes exactly when its routes do.
"""
