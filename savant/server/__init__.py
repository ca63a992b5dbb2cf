"""The server's door: REST, said by msgspec and served by Litestar. Every handler makes one call to a service."""
