#!/bin/bash
set -e

# Say it.
say() {
  echo "$1"
}

say hello
