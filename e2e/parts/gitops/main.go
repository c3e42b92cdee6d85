// Judges resources as GitOps tools do, by their own code: kstatus, as Flux builds it in, and a health script of Argo CD in the
// Lua that Argo CD runs. Reads a JSON object from standard input, "script" (Lua) and "resources" (a list), and writes a list
// with "flux", "argo" and the two messages for each.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type question struct {
	Script    string                      `json:"script"`
	Resources []unstructured.Unstructured `json:"resources"`
}

type verdict struct {
	Flux        string `json:"flux"`
	FluxMessage string `json:"fluxMessage"`
	Argo        string `json:"argo"`
	ArgoMessage string `json:"argoMessage"`
}

func main() {
	var asked question
	if err := answer(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer(asked *question) error {
	if err := json.NewDecoder(os.Stdin).Decode(asked); err != nil {
		return err
	}
	verdicts := []verdict{}
	for _, resource := range asked.Resources {
		found, err := judge(asked.Script, &resource)
		if err != nil {
			return err
		}
		verdicts = append(verdicts, found)
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

func judge(script string, resource *unstructured.Unstructured) (verdict, error) {
	flux, err := status.Compute(resource)
	if err != nil {
		return verdict{}, fmt.Errorf("kstatus: %w", err)
	}
	argo, message, err := health(script, resource.Object)
	if err != nil {
		return verdict{}, fmt.Errorf("health script: %w", err)
	}
	return verdict{flux.Status.String(), flux.Message, argo, message}, nil
}

// The resource is the global "obj"; the script returns a table with status and message. Only the libraries that Argo CD
// opens for such a script are there, but for its os, which tells the time only.
func health(script string, resource map[string]any) (string, string, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
			return "", "", err
		}
	}
	state.SetGlobal("obj", value(state, resource))
	if err := state.DoString(script); err != nil {
		return "", "", err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", fmt.Errorf("it returns %s, not a table", state.Get(-1).Type())
	}
	return lua.LVAsString(table.RawGetString("status")), lua.LVAsString(table.RawGetString("message")), nil
}

func value(state *lua.LState, from any) lua.LValue {
	switch typed := from.(type) {
	case bool:
		return lua.LBool(typed)
	case float64:
		return lua.LNumber(typed)
	case int64:
		return lua.LNumber(typed)
	case string:
		return lua.LString(typed)
	case []any:
		table := state.NewTable()
		for _, element := range typed {
			table.Append(value(state, element))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for name, element := range typed {
			table.RawSetString(name, value(state, element))
		}
		return table
	default:
		return lua.LNil
	}
}
