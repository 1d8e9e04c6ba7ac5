package web

import "strings"

// policy is the Content-Security-Policy of a page: nothing in it, everything from here,
// and what it does not need is not there. Trusted Types: one policy, which ui/keys.mjs
// makes, and which knows two addresses.
func policy(p Page) string {
	script := "'self'"
	if p.Core {
		script += " 'wasm-unsafe-eval'"
	}
	action := "'self'"
	if p.Action != "" { // browsers look at the redirect behind a form as well
		action += " " + p.Action
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src " + script,
		"style-src 'self'",
		"img-src 'self' data: blob:",
		"connect-src 'self'",
		"form-action " + action,
		"frame-src 'self'",
		"manifest-src 'self'",
		"worker-src 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types carehold",
	}, "; ")
}

// scriptPolicy goes with every script: a worker has the policy of its own file.
const scriptPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
