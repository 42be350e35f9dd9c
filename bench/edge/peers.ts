/** HAProxy and Caddy with the rules that our edge follows: request log and id on, client copies dropped, the edge's headers set, least loaded of four. */

export const haproxyConfig = (port: number, backends: readonly number[], mapFile: string): string => `
global
  nbthread 1
  maxconn 4000
  log ring@log local0
ring log
  format rfc3164
  maxlen 1200
  size 1048576
defaults
  mode http
  log global
  option httplog
  http-reuse always
  unique-id-format %{+X}o%ci:%cp_%fi:%fp_%Ts_%rt:%pid
  retries 3
  option redispatch
  timeout connect 3s
  timeout client 60s
  timeout server 600s
  timeout http-request 15s
  timeout http-keep-alive 75s
  timeout tunnel 1h
  timeout queue 30s
frontend edge
  bind 127.0.0.1:${port}
  http-request del-header fly- -m beg
  http-request del-header x-forwarded- -m beg
  http-request del-header x-real-ip
  http-request del-header forwarded
  http-request set-header X-Forwarded-For "%[src], %[dst]"
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port 80
  http-request set-header X-Forwarded-SSL off
  http-request set-header Fly-Forwarded-Port 80
  http-request add-header Via "1.1 edge"
  http-request set-header Fly-Client-IP %[src]
  http-request set-header Fly-Region fra
  http-request set-header Fly-Request-Id %[unique-id]
  http-request set-header X-Request-Start t=%[date()]000000
  http-response set-header Server edge
  http-response add-header Via "1.1 edge"
  http-response set-header Fly-Request-Id %[unique-id]
  use_backend %[req.hdr(host),lower,map_str(${mapFile},none)]
backend bench
  balance leastconn
${backends.map((backend, i) => `  server s${i} 127.0.0.1:${backend} maxconn 1000`).join('\n')}
backend none
  http-request return status 404
`

export const haproxyMap = (): string => Array.from({ length: 1000 }, (_, i) => `app${i}.example bench`).join('\n')

export const caddyConfig = (port: number, backends: readonly number[], logFile: string): string => `
{
  admin off
  auto_https off
}
http://app1.example:${port} {
  bind 127.0.0.1
  log {
    output file ${logFile}
    format json
  }
  header Via "1.1 edge"
  header Fly-Request-Id {http.request.uuid}
  reverse_proxy ${backends.map((backend) => `127.0.0.1:${backend}`).join(' ')} {
    lb_policy least_conn
    header_up -Fly-*
    header_up -X-Real-Ip
    header_up X-Forwarded-Port 80
    header_up X-Forwarded-SSL off
    header_up Fly-Forwarded-Port 80
    header_up Fly-Client-IP {remote_host}
    header_up Fly-Region fra
    header_up Fly-Request-Id {http.request.uuid}
    header_up X-Request-Start t={time.now.unix_ms}000
    header_up +Via "1.1 edge"
  }
}
`
