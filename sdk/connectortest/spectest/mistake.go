package spectest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// unheardOf is a field that no PSP has.
const unheardOf = "patchbay_mistake"

// MustReject seeds one mistake each into every distinct request that was taken, and
// fails the test if the description takes one of them. It gives the number of
// mistakes: another path, a method, query or content type that is not described, in
// each object of the body another field, and for each of its outermost fields a value
// of another type. Free names the fields whose objects take any field, such as
// metadata.
func (c *Checker) MustReject(t testing.TB, free ...string) int {
	t.Helper()
	tried := 0
	for _, r := range c.Requests() {
		for name, wrong := range mistakes(r, free) {
			tried++
			if _, problems := c.spec.request(wrong, c.base); len(problems) == 0 {
				t.Errorf("%s %s: %s is not noticed", r.Method, r.URL.Path, name)
			}
		}
	}
	if tried == 0 {
		t.Error("no request was taken into which a mistake could be seeded")
	}
	return tried
}

// mistakes gives variants of a request with one mistake each.
func mistakes(r *http.Request, free []string) map[string]*http.Request {
	body := bodyOf(r)
	variant := func(change func(*http.Request), body []byte) *http.Request {
		wrong := r.Clone(r.Context())
		setBody(wrong, body)
		if change != nil {
			change(wrong)
		}
		return wrong
	}
	made := map[string]*http.Request{
		"another path":    variant(func(r *http.Request) { r.URL = r.URL.JoinPath(unheardOf, unheardOf) }, body),
		"another method":  variant(func(r *http.Request) { r.Method = http.MethodOptions }, body),
		"another query":   variant(func(r *http.Request) { r.URL.RawQuery += "&" + unheardOf + "=1" }, body),
		"another content": variant(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, append(slices.Clone(body), '.')),
	}
	var bodies map[string][]byte
	switch kind := r.Header.Get("Content-Type"); {
	case strings.Contains(kind, "json"):
		bodies = wrongJSON(body, free)
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		bodies = wrongForm(body, free)
	}
	for name, wrong := range bodies {
		made[name] = variant(nil, wrong)
	}
	return made
}

// wrongJSON spoils a JSON object.
func wrongJSON(body []byte, free []string) map[string][]byte {
	var object node
	if json.Unmarshal(body, &object) != nil {
		return nil
	}
	made := map[string][]byte{}
	note := func(name string) {
		if raw, err := json.Marshal(object); err == nil {
			made[name] = raw
		}
	}
	addTo("", object, free, func(place string, inner node) {
		inner[unheardOf] = "1"
		note("a field more in /" + place)
		delete(inner, unheardOf)
	})
	for _, field := range slices.Collect(maps.Keys(object)) {
		value := object[field]
		object[field] = []any{[]any{}}
		note("another type of " + field)
		object[field] = value
	}
	return made
}

// addTo calls add for each object in a value but the free ones.
func addTo(place string, value any, free []string, add func(place string, object node)) {
	switch value := value.(type) {
	case node:
		add(place, value)
		for name, inner := range value {
			if !slices.Contains(free, name) {
				addTo(place+"/"+name, inner, free, add)
			}
		}
	case []any:
		for i, inner := range value {
			addTo(fmt.Sprintf("%s/%d", place, i), inner, free, add)
		}
	}
}

// wrongForm does the same to a form.
func wrongForm(body []byte, free []string) map[string][]byte {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	made := map[string][]byte{}
	seed := func(name string, change func(url.Values)) {
		wrong := maps.Clone(form)
		change(wrong)
		made[name] = []byte(wrong.Encode())
	}
	seed("a field more", func(v url.Values) { v.Set(unheardOf, "1") })
	for field := range form {
		path, err := splitName(field)
		if err != nil {
			continue
		}
		for depth := 1; depth < len(path); depth++ {
			if slices.Contains(free, path[depth-1]) {
				break
			}
			object := join(path[:depth])
			seed("a field more in "+object, func(v url.Values) { v.Set(object+"["+unheardOf+"]", "1") })
		}
		first := path[0]
		seed("another type of "+first, func(v url.Values) {
			maps.DeleteFunc(v, func(name string, _ []string) bool { return name == first || strings.HasPrefix(name, first+"[") })
			v.Set(join([]string{first, unheardOf, unheardOf}), "1")
		})
	}
	return made
}

// join is the opposite of splitName.
func join(path []string) string {
	if len(path) == 1 {
		return path[0]
	}
	return path[0] + "[" + strings.Join(path[1:], "][") + "]"
}
