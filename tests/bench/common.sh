# What the benches share: where programs are, a place to work in, nginx as an endpoint that nobody
# here wrote, and rows of a table that say goal, figure, and whether it was met. Sourced, not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=$PWD/build/release/bin

# need PROGRAM…
need() {
    local tool
    for tool in "$@"; do
        [ -x "$tool" ] || {
            echo "$0: $tool is missing (tools/install-deps all; cmake --preset release -DPROCTOR_TESTS=ON &&" \
                "cmake --build --preset release)" >&2
            exit 2
        }
    done
}

work=$(mktemp -d)
nginx_pid= sim_pid= run_pid=
finish() {
    local pid
    for pid in $run_pid $sim_pid $nginx_pid; do kill -9 "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

machine() { echo "$(nproc) cores, $(uname -sr), load $(cut -d' ' -f1 /proc/loadavg)"; }
# Of what `store_bench measure` prints.
time_of() { awk '/^took/ { print $2 }' "$1"; }
peak_of() { awk '/^took/ { print $8 }' "$1"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
divide() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

# What the last release was measured at: lines of "figure<tab>measured", ratios within one run; rates
# and times say more of the hour than of the program. The noise is what such ratios differed by between
# runs of one program (README.md has spreads). $figures takes the new ones.
last_release=$PWD/tests/bench/last_release.tsv
noise=0.12

table() { printf '| figure | goal | measured | met | last release |\n| --- | --- | --- | --- | --- |\n'; }
# row FIGURE GOAL MEASURED yes|no [LAST]: a FIGURE that begins with "…" goes on with the one before.
subject=
row() {
    [[ $1 == …* ]] || subject=$1
    printf '| %s | %s | %s | %s | %s |\n' "$1" "$2" "$3" "$4" "${5:-}"
}
# judge FIGURE ≥|≤ GOAL MEASURED [UNIT [MORE]]: a row; of what has no unit, compared with the last release.
judge() {
    local met last= name=$1
    [[ $4 =~ ^-?[0-9]+([.][0-9]+)?(e[+-][0-9]+)?$ ]] || {
        echo "$0: '$4' is no figure of: $1" >&2
        exit 1
    }
    [[ $1 != …* ]] || name="$subject $1"
    met=$(awk -v m="$4" -v g="$3" -v d="$2" 'BEGIN { print (d == "≥" ? m >= g : m <= g) ? "yes" : "no" }')
    if [ -z "${5:-}" ]; then
        last=$(awk -F '\t' -v name="$name" -v m="$4" -v d="$2" -v noise="$noise" '$1 == name {
            worse = d == "≥" ? m < $2 * (1 - noise) : m > $2 * (1 + noise)
            print $2 (worse ? ": worse now" : "") }' "$last_release")
        printf '%s\t%s\n' "$name" "$4" >>"${figures:-/dev/null}"
    fi
    row "$1" "$2 $3${5:+ $5}" "$4${5:+ $5}${6:+; $6}" "$met" "$last"
}

# start_nginx LOCATION [HTTP]: one worker, HTTPS on loopback with a certificate of an authority of its
# own ($work/ca.pem), which answers every request as LOCATION says. Sets $endpoint to its address.
reply='{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"The answer is (B)."},"finish_reason":"stop"}],"usage":{"prompt_tokens":61,"completion_tokens":7,"total_tokens":68}}'
start_nginx() {
    need /usr/sbin/nginx /usr/bin/openssl /usr/bin/curl
    local ec=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes) at=$work/nginx
    mkdir "$at"
    openssl req -x509 "${ec[@]}" -days 2 -subj /CN=bench -keyout "$at/ca.key" -out "$work/ca.pem" 2>/dev/null
    openssl req "${ec[@]}" -subj /CN=localhost -keyout "$at/server.key" -out "$at/server.csr" 2>/dev/null
    openssl x509 -req -in "$at/server.csr" -CA "$work/ca.pem" -CAkey "$at/ca.key" -CAcreateserial -days 2 \
        -out "$at/server.pem" -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") 2>/dev/null
    local port=$((20000 + RANDOM % 12000))
    endpoint=https://127.0.0.1:$port
    cat >"$at/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
daemon off; master_process off; worker_processes 1; pid $at/pid; error_log $at/error.log;
worker_rlimit_nofile 40000;
events { worker_connections 20000; epoll_events 64; }
http {
    ${2:-}
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600;
    client_body_temp_path $at/t1; proxy_temp_path $at/t2; fastcgi_temp_path $at/t3;
    uwsgi_temp_path $at/t4; scgi_temp_path $at/t5;
    default_type application/json;
    server {
        listen 127.0.0.1:$port ssl backlog=16384;
        ssl_certificate $at/server.pem; ssl_certificate_key $at/server.key;
        location / { $1 }
    }
}
CONF
    nginx -e "$at/error.log" -c "$at/nginx.conf" &
    nginx_pid=$!
    until curl -s --cacert "$work/ca.pem" "$endpoint/v1/models" >/dev/null; do
        kill -0 "$nginx_pid" || { cat "$at/error.log" >&2; exit 1; }
        sleep 0.05
    done
}
stop_nginx() {
    kill "$nginx_pid"
    wait "$nginx_pid" 2>/dev/null || true
    nginx_pid=
    rm -rf "$work/nginx"
}

# make_questions COUNT: multiple choice, JSONL
make_questions() {
    awk -v n="$1" 'BEGIN { for (i = 1; i <= n; ++i)
        printf "{\"question\": \"Number %d of a long list: which of these gases do plants take in for photosynthesis?\", \"options\": [\"(A)Oxygen\", \"(B)Carbon dioxide\", \"(C)Nitrogen\", \"(D)Helium\"], \"label\": \"B\"}\n", i }'
}

# run_proctor FILE OPTIONS…: a whole run against the endpoint; prints "questions_per_second
# cpu_microseconds_per_question peak_of_memory_in_MiB". Start-up, reading the file twice, marking and
# compaction are in its CPU time.
run_proctor() {
    need "$bin/store_bench"
    rm -rf checkpoints
    "$bin/store_bench" measure "$bin/proctor" run "$1" --model m --base-url "$endpoint/v1" --ca-file "$work/ca.pem" \
        --fixed-parallelism --no-auto-resume --set output.format=none "${@:2}" >run.out 2>run.err ||
        { cat run.err >&2; exit 1; }
    awk '/^This session/ { gsub(",", ""); n = $3; rate = $(NF - 1) } /^took/ { cpu = $5; peak = $8 }
        END { printf "%.0f %.2f %.1f\n", rate, cpu * 1e6 / n, peak }' run.out
    rm -rf checkpoints
}
