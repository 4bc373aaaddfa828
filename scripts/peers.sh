#!/bin/sh
# Counters that cannot share an environment with the tests, or bring too much along, each into a folder of its own:
# build/peers/TOOL@VERSION. `python -m tests.conventions.newer_figures` then writes down what they print.
set -eu
python=$1
into=build/peers

put() { # TOOL VERSION, and what it needs to be imported
	folder="$into/$1@$2"
	[ -d "$folder" ] && return
	echo "$folder"
	needed="$1==$2"
	shift 2
	DS_BUILD_OPS=0 "$python" -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation \
		--target "$folder.new" "$needed" "$@"
	mv "$folder.new" "$folder"
}

needs="einops==0.8.2 hjson==3.1.0 py-cpuinfo==9.0.0 pydantic==2.14.4 pydantic-core==2.50.5 annotated-types==0.8.0
	typing-inspection==0.4.5 ninja==1.13.2"
put torchprofile 0.0.4
put torchprofile 0.1.0
put ultralytics-thop 2.0.18
put ultralytics-thop 2.2.3
put deepspeed 0.16.9 $needs
put deepspeed 0.19.8 $needs
put onnx-tool 1.0.1
