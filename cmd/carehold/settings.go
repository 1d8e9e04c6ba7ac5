package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A setting of the server is defined once: here. From it come the flag
// --public-url, the variable CAREHOLD_PUBLIC_URL, the line public-url = "…" of
// the configuration file, the help, and what --print-config shows. A flag beats
// the variable, that beats the file, that beats the default.
//
// No setting holds a secret. Those that lead to one are paths.
type setting struct {
	key  string
	help string
	// standard is the default, which may depend on settings before it.
	standard func(a *app, s *settings) (string, error)
}

const envPrefix = "CAREHOLD_"

const defaultListen = "127.0.0.1:8470"

func fixed(v string) func(*app, *settings) (string, error) {
	return func(*app, *settings) (string, error) { return v, nil }
}

// serverSettings are all of them, in the order they are shown.
var serverSettings = []setting{
	{"data", "the `folder` of the store; \"carehold init\" makes it", func(a *app, _ *settings) (string, error) { return a.dataFolder() }},
	{"node-key", "the `file` of this server's own key, kept apart from the data so that a copy of the data lacks it", func(_ *app, s *settings) (string, error) {
		return filepath.Join(s.get("data"), "node.key"), nil
	}},
	{"socket", "the `path` at which the operator's commands reach the running server", func(a *app, s *settings) (string, error) { return a.socketPath(s) }},
	{"listen", "the `address` and port to answer on", fixed(defaultListen)},
	{"public-url", "what clients call this server: https:// and its name. Links are made from this `URL`, never from what a client says", fixed("")},
	{"tls-cert", "the certificate `file` (PEM), read again when it changes", fixed("")},
	{"tls-key", "the `file` of the certificate's key (PEM)", fixed("")},
	{"acme", "get a certificate for the name in --public-url from a certificate authority, whose terms you agree to, and renew it", fixed("no")},
	{"acme-email", "where the certificate authority may write to: an `address`; it may be empty", fixed("")},
	{"acme-directory", "the `URL` of another certificate authority's ACME directory than Let's Encrypt's", fixed("")},
	{"acme-http", "an `address` to answer the certificate authority on over HTTP, such as :80, where port 443 does not lead here", fixed("")},
	{"trusted-proxies", "`addresses` of proxies whose X-Forwarded-For is believed, separated by commas: 10.0.0.0/8", fixed("")},
	{"debug-listen", "a second `address`, on loopback only, for /metrics and /debug/pprof", fixed("")},
	{"search-memory", "how much `memory` searches may keep between requests, sealed: 128MiB; 0 is nothing. By itself 64MiB, or a sixteenth of the memory there is where that is less", fixed("auto")},
	{"unknown-clients", "let apps ask people for their record that nobody registered here: an app whose client_id is a URL is looked up there", fixed("no")},
	{"backup-to", "the folder that \"carehold backup\" writes to", fixed("")},
	{"backup-recipients", "the public keys (of age) that backups are encrypted to, separated by commas", fixed("")},
	{"log-format", "the `form` of the log: text or json. By itself: text on a terminal, else json", fixed("auto")},
}

// settings are the values, and where each came from.
type settings struct {
	value map[string]string
	from  map[string]string
}

func (s *settings) get(key string) string { return s.value[key] }

// backups reports whether "carehold backup" needs no more to be told.
func (s *settings) backups() bool {
	return s.get("backup-to") != "" && s.get("backup-recipients") != ""
}

// settingFlags gives a command the flags of some settings, and --config.
func settingFlags(c *cobra.Command, keys ...string) {
	for _, s := range serverSettings {
		if slices.Contains(keys, s.key) && !strings.HasPrefix(s.key, "backup-") { // which has flags of its own
			c.Flags().String(s.key, "", s.help)
			if isSwitch(s.key) {
				c.Flags().Lookup(s.key).NoOptDefVal = "yes"
			}
		}
	}
	c.Flags().String("config", "", "the configuration `file` (TOML; default: config.toml in $XDG_CONFIG_HOME/carehold)")
}

// settings finds the value of every setting.
func (a *app) settings(c *cobra.Command) (*settings, error) {
	file, path, err := a.configFile(c)
	if err != nil {
		return nil, err
	}
	variables := koanf.New(".")
	err = variables.Load(env.Provider(".", env.Opt{Prefix: envPrefix, EnvironFunc: a.environ, TransformFunc: func(name, value string) (string, any) {
		if key := settingOf(name); key != "" && value != "" {
			return key, value
		}
		return "", nil
	}}), nil)
	if err != nil {
		return nil, err
	}
	flags := koanf.New(".")
	err = flags.Load(posflag.ProviderWithFlag(c.Flags(), ".", nil, func(f *pflag.Flag) (string, any) {
		if !f.Changed || !isSetting(f.Name) {
			return "", nil
		}
		return f.Name, f.Value.String()
	}), nil)
	if err != nil {
		return nil, err
	}
	s := &settings{map[string]string{}, map[string]string{}}
	for _, def := range serverSettings {
		layers := []struct {
			values *koanf.Koanf
			from   string
		}{{flags, "--" + def.key}, {variables, variableOf(def.key)}, {file, path}}
		for _, l := range layers {
			if l.values.Exists(def.key) {
				s.value[def.key], s.from[def.key] = text(l.values, def.key), l.from
				break
			}
		}
		if s.from[def.key] == "" {
			if s.value[def.key], err = def.standard(a, s); err != nil {
				return nil, err
			}
			s.from[def.key] = "default"
		}
	}
	for _, key := range []string{"data", "node-key"} {
		if s.value[key], err = filepath.Abs(s.value[key]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// text is a value of any layer; a list in the file is as good as commas.
func text(k *koanf.Koanf, key string) string {
	if list, ok := k.Get(key).([]any); ok {
		parts := make([]string, len(list))
		for i, v := range list {
			parts[i] = fmt.Sprint(v)
		}
		return strings.Join(parts, ",")
	}
	return k.String(key)
}

// configFile reads the configuration file. One that was named must be there.
func (a *app) configFile(c *cobra.Command) (*koanf.Koanf, string, error) {
	k := koanf.New(".")
	path, named := "", true
	if f := c.Flags().Lookup("config"); f != nil {
		path = f.Value.String()
	}
	if path == "" {
		path = a.env(envPrefix + "CONFIG")
	}
	if path == "" {
		dir, err := a.xdg("XDG_CONFIG_HOME", ".config")
		if err != nil {
			return k, "", nil
		}
		path, named = filepath.Join(dir, "carehold", "config.toml"), false
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return k, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if err := k.Load(rawbytes.Provider(b), toml.Parser()); err != nil {
		return nil, "", hinted(fmt.Errorf("%s is not TOML: %w", path, err), `a line of it reads: listen = "127.0.0.1:8470"`)
	}
	for _, key := range k.Keys() {
		if !isSetting(key) {
			return nil, "", hinted(fmt.Errorf("%s has a setting %q, which there is not", path, key), "the settings are "+strings.Join(settingKeys(), ", "))
		}
	}
	return k, path, nil
}

// isSwitch reports whether a setting is on or off.
func isSwitch(key string) bool { return key == "acme" || key == "unknown-clients" }

// on is the value of a switch.
func (s *settings) on(key string) (bool, error) {
	switch strings.ToLower(s.get(key)) {
	case "yes", "true", "on", "1":
		return true, nil
	case "", "no", "false", "off", "0":
		return false, nil
	}
	return false, usagef("%q in %s is neither yes nor no", s.get(key), s.from[key])
}

// searchMemory is what store.Options has for the setting: 0 for by itself, less than
// 0 for nothing.
func (s *settings) searchMemory() (int64, error) {
	text := s.get("search-memory")
	if text == "auto" || text == "" {
		return 0, nil
	}
	n, err := humanize.ParseBytes(text)
	switch {
	case err != nil || n > math.MaxInt64:
		return 0, usagef("%q in %s is no amount of memory, such as 128MiB; 0 is nothing", text, s.from["search-memory"])
	case n == 0:
		return -1, nil
	case n < 1<<20: // a bare 64 is bytes, and was hardly meant
		return 0, usagef("%q in %s is too little to keep a search in: at least 1MiB, or 0 for nothing", text, s.from["search-memory"])
	}
	return int64(n), nil
}

func settingKeys() []string {
	keys := make([]string, len(serverSettings))
	for i, s := range serverSettings {
		keys[i] = s.key
	}
	return keys
}

func isSetting(key string) bool { return slices.Contains(settingKeys(), key) }

func variableOf(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// settingOf is the setting of a variable, or "" for a variable of another's.
func settingOf(variable string) string {
	for _, key := range settingKeys() {
		if variableOf(key) == variable {
			return key
		}
	}
	return ""
}

// dataFolder is where a store is when nobody says otherwise. systemd names the
// folder of a service in STATE_DIRECTORY.
func (a *app) dataFolder() (string, error) {
	if dir := a.env("STATE_DIRECTORY"); filepath.IsAbs(dir) && !strings.Contains(dir, ":") {
		return dir, nil
	}
	dir, err := a.xdg("XDG_DATA_HOME", ".local", "share")
	return filepath.Join(dir, "carehold"), err
}

const socketName = "carehold.sock"

// socketPath is $XDG_RUNTIME_DIR/carehold.sock for the store that is found
// without saying where, and for any other store in its own folder: so that two
// servers of one user do not take each other's place.
func (a *app) socketPath(s *settings) (string, error) {
	usual, err := a.dataFolder()
	if run := a.env("XDG_RUNTIME_DIR"); err == nil && filepath.IsAbs(run) && s.get("data") == usual {
		return filepath.Join(run, socketName), nil
	}
	return filepath.Join(s.get("data"), socketName), nil
}

// printConfig shows every setting, its value and where it came from, as a
// configuration file would have it.
func (a *app) printConfig(s *settings) error {
	for _, def := range serverSettings {
		value, from := s.value[def.key], s.from[def.key]
		switch {
		case a.json:
			if err := a.item(struct {
				Setting string `json:"setting"`
				Value   string `json:"value"`
				From    string `json:"from"`
			}{def.key, value, from}); err != nil {
				return err
			}
		case value == "":
			a.say("# %s is not set", def.key)
		default:
			a.say("%s = %q  # %s", def.key, value, from)
		}
	}
	return nil
}
