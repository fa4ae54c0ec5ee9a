#!/bin/sh
# Makes the namespace and the search attributes of temporal-config/search-attributes.ts. May run again.
set -eu
tries=0
until temporal operator cluster health > /dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo "Temporal at $TEMPORAL_ADDRESS does not become healthy" >&2
    exit 1
  fi
  sleep 1
done
temporal operator namespace describe --namespace default > /dev/null 2>&1 ||
  temporal operator namespace create --namespace default --retention 7d
for name in KeelStrategy KeelSymbol KeelExchange KeelSide KeelOrderStatus; do
  temporal operator search-attribute create --namespace default --name "$name" --type Keyword
done
