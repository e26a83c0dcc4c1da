#!/bin/sh
# Starts nginx with ../nginx.conf, whose lines marked (*) are adapted to the containers: where Sluice is, HTTPS, the server's name.
# Of the gateways of a cluster, one is active. The others answer 503 before they have done anything, and nginx asks the next one.
set -eu
gateways=${SLUICE_GATEWAYS:-sluice}
next=off
[ "$gateways" = sluice ] || next="error http_503 non_idempotent"
servers=$(for gateway in $gateways; do printf 'server %s:8080 max_fails=0; ' "$gateway"; done)
sed -e "s/server 127\.0\.0\.1:8080;/$servers/" \
  -e "s/proxy_next_upstream off;/proxy_next_upstream $next;/" \
  -e 's#listen 80; .*#listen 8443 ssl; ssl_certificate /run/secrets/tls-cert; ssl_certificate_key /run/secrets/tls-key;#' \
  -e "s/server_name sluice\.example\.org;/server_name $SLUICE_NAME;/" \
  -e 's#/var/log/nginx/sluice\.log#/dev/stdout#' \
  /etc/sluice/nginx.conf >/tmp/sluice.conf
cat >/tmp/nginx.conf <<'END'
worker_processes auto;
pid /tmp/nginx.pid;
events { worker_connections 4096; }
http {
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    include /tmp/sluice.conf;
}
END
exec nginx -c /tmp/nginx.conf -g 'daemon off; error_log /dev/stderr warn;'
