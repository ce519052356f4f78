"""The OpenAPI description of this server, made when somebody asks for it."""
