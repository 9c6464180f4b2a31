"""What `accounts` asks of the outside: the WeChat mini program's server API (`wechat`)."""
