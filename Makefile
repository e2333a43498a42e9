# The list of commands. CI runs the same ones: .ci/run.
# Each works on a fresh machine: it fetches what is missing, or says what to install (scripts/tools.sh).

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs bench mirror clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the provider from init to destroy, against the embedded sandbox; no cloud account
	@scripts/demo.sh

test: ## all tests, with the real terraform
	@scripts/test.sh

lint: ## formatting, clippy, docs, licences, dependencies, scripts
	@scripts/lint.sh

docs: ## rewrite the reference documentation from the code, its templates and the examples
	@GPUSLICE_WRITE=1 scripts/test.sh --test it docs::pages

bench: ## measure speed and size against their budgets
	@scripts/bench.sh

mirror: ## build the provider and a mirror from which `terraform init` installs it
	@scripts/build-mirror.sh

clean: ## remove everything that was built or fetched into this folder
	rm -rf target .work
