"""What `settlement` asks of the outside: `payments` is the port in our words, `wechatpay` speaks to WeChat Pay."""
