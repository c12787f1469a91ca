"""nginx as the yardstick: a reverse proxy with a kept-alive upstream, and the upstream that answers at once."""

from __future__ import annotations

from pathlib import Path

ANSWER_BYTES = 690

_ANSWER = (
    '{"id":"chatcmpl-1","choices":[{"message":{"role":"assistant","content":"%s"}}],'
    '"usage":{"prompt_tokens":130,"completion_tokens":140,"total_tokens":270}}'
)

_PROXY = """
  upstream %(name)s { server 127.0.0.1:%(to)d; keepalive 256; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:%(port)d backlog=1024;
    location / {
      proxy_pass http://%(name)s;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      client_body_buffer_size 1m;
    }
  }
"""
_UPSTREAM = """
  server {
    listen 127.0.0.1:%(port)d backlog=1024;
    location / { default_type application/json; return 200 '%(answer)s'; }
  }
"""
_FILE = """
worker_processes 1;
daemon off;
pid %(folder)s/%(name)s.pid;
error_log %(folder)s/%(name)s.log crit;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path %(folder)s/body;
  proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/fastcgi;
  uwsgi_temp_path %(folder)s/uwsgi;
  scgi_temp_path %(folder)s/scgi;
%(servers)s
}
"""


def proxy_command(folder: Path, port: int, to: int) -> list[str]:
    """Start it as a reverse proxy from `port` to the port `to`."""
    return _command(folder, f"proxy-{port}", _PROXY % {"name": f"up{port}", "port": port, "to": to})


def upstream_command(folder: Path, port: int) -> list[str]:
    """Start it as an upstream that answers 690 bytes of JSON to everything."""
    return _command(folder, f"upstream-{port}", _UPSTREAM % {"port": port, "answer": answer()})


def answer() -> str:
    """Those 690 bytes."""
    return _ANSWER % ("x" * (ANSWER_BYTES - len(_ANSWER) + 2))


def _command(folder: Path, name: str, servers: str) -> list[str]:
    file = folder / f"{name}.conf"
    file.write_text(_FILE % {"folder": folder, "name": name, "servers": servers})
    return ["nginx", "-c", str(file), "-p", str(folder)]
