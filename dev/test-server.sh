#!/bin/sh
# Runs Temporal's test server, which ends with the process that started it, even if that is killed.
# Arguments, in the order of the Temporal SDK: the port, then the program.
{
  while kill -0 "$PPID"; do
    kill -0 "$$" || exit
    sleep 1
  done
  kill -9 "$$"
} </dev/null >/dev/null 2>&1 &
exec "$2" "$1"
