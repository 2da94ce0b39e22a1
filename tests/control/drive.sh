#!/bin/sh
# Drives a running process with curl alone: `drive.sh READY_FILE RECEIVER_URL`. Exits 0 if all of it held.
set -eu

field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$ready"; }
ready=$1
receiver=$2
control=$(field control)
token=$(field token)

ask() {
    method=$1
    path=$2
    shift 2
    curl --silent --show-error --fail-with-body --max-time 30 --request "$method" "$control/v1$path" \
        --header "Authorization: Bearer $token" --header "Content-Type: application/json" "$@"
}

holds() {
    case $1 in
    *"$2"*) ;;
    *)
        echo "expected $2 in: $1" >&2
        exit 1
        ;;
    esac
}

holds "$(curl --silent "$control/v1/health")" '"ready":true'
holds "$(ask POST /esputnik/subscriptions --data "{\"url\": \"$receiver\"}")" '"state":"active"'
holds "$(ask POST /esputnik/events --data '{"kind": "READ", "fields": {"email": "ann@example.com"}}')" '"count":1'
ask POST /clock/advance --data '{"by": "1h"}' >/dev/null
holds "$(ask GET '/esputnik/deliveries?outcome=acknowledged')" '"email":"ann@example.com"'
ask POST /esputnik/faults --data '{"fault": "Answer", "status": 503, "times": null}' >/dev/null
holds "$(ask GET /esputnik/faults)" 'Answer(times=None, status=503)'
ask DELETE /esputnik/faults >/dev/null
holds "$(ask GET /timeline)" 'READ'

# What is refused says why, and fails the command.
if refused=$(ask POST /esputnik/events --data '{"kind": "RAED"}'); then
    echo "an unknown kind was taken" >&2
    exit 1
fi
holds "$refused" "did you mean 'READ'"
ask POST /reset --data '{}' >/dev/null
holds "$(ask GET /esputnik/deliveries)" '"deliveries":[]'
