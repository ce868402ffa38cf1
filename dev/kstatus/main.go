// kstatus prints what Kubernetes' own status library makes of one object given as JSON on stdin:
// first line the status (Current, InProgress, Failed, Terminating, NotFound, Unknown), second line its message.
// Our tests compare it with the conditions that the operator writes, so that `kubectl wait`, Argo CD and Flux agree with us.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func main() {
	result, err := compute()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
	fmt.Printf("%s\n%s\n", result.Status, result.Message)
}

func compute() (*status.Result, error) {
	var object unstructured.Unstructured
	if err := json.NewDecoder(os.Stdin).Decode(&object); err != nil {
		return nil, fmt.Errorf("stdin is not one Kubernetes object as JSON: %w", err)
	}
	return status.Compute(&object)
}
