package auth

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Policy is what a caller may do. The zero Policy allows nothing.
type Policy struct {
	anything     bool
	connectors   []string // patterns
	accounts     []string // patterns
	methods      []string // patterns
	inlineConfig bool
	inFlight     int
	perSecond    float64
}

// PolicySpec is a policy as the host's configuration declares it. In its lists *
// stands for any characters but a slash, and alone for everything; an empty list
// allows nothing.
type PolicySpec struct {
	Connectors []string `yaml:"connectors"`
	Accounts   []string `yaml:"accounts"`
	Services   []string `yaml:"services"` // "package.Service", with all their methods
	Methods    []string `yaml:"methods"`  // "package.Service/Method"

	// InlineConfig lets the caller bring configuration, if the host allows it at
	// all.
	InlineConfig bool `yaml:"inline_config"`

	Limits struct {
		InFlight  int     `yaml:"in_flight"`  // calls at a time; 0: no limit
		PerSecond float64 `yaml:"per_second"` // calls a second, in bursts of one second's worth; 0: no limit
	} `yaml:"limits"`
}

func (s PolicySpec) policy() (*Policy, error) {
	for _, pattern := range slices.Concat(s.Connectors, s.Accounts, s.Services, s.Methods) {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return nil, fmt.Errorf("%q is not a pattern", pattern)
		}
	}
	if s.Limits.InFlight < 0 || s.Limits.PerSecond < 0 {
		return nil, fmt.Errorf("limits can't be negative")
	}
	p := &Policy{
		connectors: s.Connectors, accounts: s.Accounts, methods: slices.Clone(s.Methods),
		inlineConfig: s.InlineConfig, inFlight: s.Limits.InFlight, perSecond: s.Limits.PerSecond,
	}
	for _, service := range s.Services {
		if service != "*" {
			service += "/*"
		}
		p.methods = append(p.methods, service)
	}
	return p, nil
}

// MayCall says why the caller may not call a method, "/package.Service/Method",
// or nothing.
func (c Caller) MayCall(method string) error {
	method = strings.TrimPrefix(method, "/")
	if c.policy == nil || !c.policy.anything && !matches(c.policy.methods, method) {
		return fmt.Errorf("caller %q may not call %s", c.Name, method)
	}
	return nil
}

// MayUse says why the caller may not use a connector, or nothing.
func (c Caller) MayUse(connector string) error {
	if c.policy == nil || !c.policy.anything && !matches(c.policy.connectors, connector) {
		return fmt.Errorf("caller %q may not use connector %q", c.Name, connector)
	}
	return nil
}

// MaySpend says why the caller may not use an account, or nothing.
func (c Caller) MaySpend(account string) error {
	if c.policy == nil || !c.policy.anything && !matches(c.policy.accounts, account) {
		return fmt.Errorf("caller %q may not use account %q", c.Name, account)
	}
	return nil
}

// MayConfigure says whether the caller may bring configuration.
func (c Caller) MayConfigure() bool {
	return c.policy != nil && (c.policy.anything || c.policy.inlineConfig)
}

// Limits are how many calls the caller may have at a time and begin in a second;
// 0 is no limit.
func (c Caller) Limits() (inFlight int, perSecond float64) {
	if c.policy == nil {
		return 0, 0
	}
	return c.policy.inFlight, c.policy.perSecond
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok || p == "*"
	})
}
