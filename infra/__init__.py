"""From this repository to a running stack.

synth/     one package and one CloudFormation template out of the Chalice project and the fragments beside it
*.yaml     the fragments: what the template holds besides functions and routes
deploy.py  puts both on AWS
local/     puts both on the local stack, and starts what stands in for the outside world
"""
