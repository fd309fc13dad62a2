package connectortest

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func accountScenarios() []Scenario {
	scenario := func(name, summary string, needs Needs, run func(*Case)) Scenario {
		return Scenario{ID: "account/" + name, Summary: summary, Needs: needs, Proves: []Cell{{Operation: "CheckAccount", Aspect: Happy}}, run: run}
	}
	refusedAccount := Needs{Plan: func(p *Plan) string {
		if len(p.RefusedAccount) == 0 {
			return "refused_account in test.yaml is missing"
		}
		return ""
	}}
	return []Scenario{
		scenario("accepted", "CheckAccount takes the plan's account, which moves no real money", Needs{}, func(c *Case) {
			resp, err := c.checkAccount(c.account)
			c.ok("CheckAccount", err)
			equal(c, "live", false, resp.GetLive())
		}),
		scenario("refused", "CheckAccount says CREDENTIALS_REJECTED for an account that the PSP refuses", refusedAccount, func(c *Case) {
			config, err := c.plan.accountAt(c.psp.url, c.plan.RefusedAccount)
			if err != nil {
				c.Fatalf("%v", err)
			}
			_, err = c.checkAccount(config)
			c.refused("CheckAccount", err, codes.FailedPrecondition, wire.ReasonCredentialsRejected)
		}),
		scenario("unknown-field", "A configuration with a field that there is not is CONFIG_INVALID", Needs{}, func(c *Case) {
			config, err := c.plan.accountAt(c.psp.url, map[string]any{"quux_of_next_year": "x"})
			if err != nil {
				c.Fatalf("%v", err)
			}
			_, err = c.checkAccount(config)
			c.refused("CheckAccount", err, codes.FailedPrecondition, wire.ReasonConfigInvalid)
		}),
		scenario("no-json", "A configuration that is no JSON object is CONFIG_INVALID", Needs{}, func(c *Case) {
			for _, config := range []string{"[]", `"x"`, "{", "null{}"} {
				_, err := c.checkAccount([]byte(config))
				c.refused("CheckAccount with "+config, err, codes.FailedPrecondition, wire.ReasonConfigInvalid)
			}
		}),
		{
			ID: "account/wrong-config", Summary: "Authorize with a configuration that does not decode is CONFIG_INVALID, and the PSP hears nothing",
			Needs: Needs{Operations: []string{"Authorize"}}, Proves: cells(Validation, "Authorize"), run: wrongConfig,
		},
	}
}

// checkAccount asks about an account; a connector that can't tell ends the case.
func (c *Case) checkAccount(config []byte) (*connectorv1.CheckAccountResponse, error) {
	resp := &connectorv1.CheckAccountResponse{}
	err := c.invokeMethod("/"+wire.ConnectorService+"/CheckAccount", &connectorv1.CheckAccountRequest{}, resp, withAccount(config))
	if status.Code(err) == codes.Unimplemented {
		c.Skipf("the connector can't check an account")
	}
	return resp, err
}

func wrongConfig(c *Case) {
	if c.description.GetConfigSchema() == nil {
		c.Skipf("the connector takes no configuration")
	}
	config, err := c.plan.accountAt(c.psp.url, map[string]any{"quux_of_next_year": "x"})
	if err != nil {
		c.Fatalf("%v", err)
	}
	req := c.authorizeRequest(automatic)
	_, err = c.authorize(req, withAccount(config))
	c.refused("Authorize", err, codes.FailedPrecondition, wire.ReasonConfigInvalid)
	c.silent("Authorize", req.GetReference())
}
