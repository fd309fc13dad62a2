package account

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// maxSecret is how long a secret may be, wherever it comes from.
const maxSecret = 64 << 10

// Secret says where a secret is: exactly one of env, file, command and age.
type Secret struct {
	Env     string   `yaml:"env"`     // a variable of the host's environment
	File    string   `yaml:"file"`    // a file whose content, less a last line break, it is
	Command []string `yaml:"command"` // a program and its arguments; what it prints, less a last line break, it is
	Age     string   `yaml:"age"`     // the secret itself, encrypted for the host's age identity, armored

	// Timeout is how long the command may take; 10 s if it is 0.
	Timeout time.Duration `yaml:"timeout"`
	// Refresh is after which time the command is run again; 0: never.
	Refresh time.Duration `yaml:"refresh"`
}

const (
	defaultTimeout = 10 * time.Second
	minRefresh     = time.Second
)

func (s Secret) check() error {
	given := 0
	for _, is := range []bool{s.Env != "", s.File != "", len(s.Command) > 0, s.Age != ""} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return errors.New("give exactly one of env, file, command and age")
	case len(s.Command) == 0 && (s.Timeout != 0 || s.Refresh != 0):
		return errors.New("timeout and refresh go with command")
	case len(s.Command) > 0 && s.Command[0] == "":
		return errors.New("command has no program")
	case s.Timeout < 0 || s.Refresh < 0 || s.Refresh > 0 && s.Refresh < minRefresh:
		return fmt.Errorf("timeout and refresh must be durations, refresh at least %s", minRefresh)
	}
	return nil
}

// Secrets reads secrets. It remembers what commands printed, so that one is run
// again only when its time has come. One goroutine uses it at a time.
type Secrets struct {
	identities []age.Identity
	printed    map[string]printed
	now        func() time.Time
	run        func(argv []string, timeout time.Duration) (string, error)
}

// printed is what a command has printed, or why it has not.
type printed struct {
	value string
	err   error
	due   time.Time // zero: never
}

// NewSecrets returns a reader of secrets that decrypts with the given identities.
func NewSecrets(identities []age.Identity) *Secrets {
	return &Secrets{identities: identities, printed: map[string]printed{}, now: time.Now, run: run}
}

// ReadIdentities reads the age identities of a file (age-keygen's format).
func ReadIdentities(path string) ([]age.Identity, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return age.ParseIdentities(io.LimitReader(file, maxSecret))
}

// Read gives the secret. Its errors say where the secret should have been, and
// never what it is.
func (s *Secrets) Read(secret Secret) (string, error) {
	if err := secret.check(); err != nil {
		return "", err
	}
	var value string
	var err error
	switch {
	case secret.File != "":
		value, err = readSecretFile(secret.File)
	case len(secret.Command) > 0:
		value, err = s.command(secret)
	case secret.Age != "":
		value, err = s.decrypt(secret.Age)
	default:
		value = os.Getenv(secret.Env)
		if value == "" {
			err = fmt.Errorf("the variable %s is not set", secret.Env)
		}
	}
	if err != nil {
		return "", err
	}
	return value, nil
}

// readSecretFile reads a file that may be in the middle of being replaced, in
// which case it is missing or empty.
func readSecretFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return "", fmt.Errorf("the file %s: %w", path, err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	value := strings.TrimSuffix(string(raw), "\n")
	switch {
	case err != nil:
		return "", fmt.Errorf("the file %s can't be read", path)
	case len(raw) > maxSecret:
		return "", fmt.Errorf("the file %s is larger than %d bytes", path, maxSecret)
	case value == "":
		return "", fmt.Errorf("the file %s is empty", path)
	}
	return value, nil
}

func (s *Secrets) decrypt(armored string) (string, error) {
	if len(s.identities) == 0 {
		return "", errors.New("age_identity_file is not configured, so that nothing can be decrypted")
	}
	clear, err := age.Decrypt(armor.NewReader(strings.NewReader(strings.TrimSpace(armored)+"\n")), s.identities...)
	if err != nil {
		return "", errors.New("can't be decrypted with the host's age identity")
	}
	raw, err := io.ReadAll(io.LimitReader(clear, maxSecret+1))
	value := strings.TrimSuffix(string(raw), "\n")
	if err != nil || value == "" || len(raw) > maxSecret {
		return "", fmt.Errorf("does not decrypt to a secret of 1 to %d bytes", maxSecret)
	}
	return value, nil
}

// command gives what a command has printed, running it if it was not run yet or
// its time has come.
func (s *Secrets) command(secret Secret) (string, error) {
	id := strings.Join(append(slices.Clone(secret.Command), secret.Refresh.String()), "\x00")
	if known, ok := s.printed[id]; ok && (known.due.IsZero() || s.now().Before(known.due)) {
		return known.value, known.err
	}
	timeout := secret.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	p := printed{}
	p.value, p.err = s.run(secret.Command, timeout)
	switch {
	case p.err != nil: // it may be slow to fail, and others wait
		p.due = s.now().Add(max(retry, timeout))
	case secret.Refresh > 0:
		p.due = s.now().Add(secret.Refresh)
	}
	s.printed[id] = p
	return p.value, p.err
}
