"""What `tracking` calls outside: the sockets that API Gateway holds open."""
