// authenticationManagement: flows, executions, their configurations, required actions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOBODY, refused } from '../kit.mjs';

export function authentication(world) {
  test('authentication: what a flow can be made of', async () => {
    const { authenticationManagement: authentication } = world.admin;
    for (const list of ['getAuthenticatorProviders', 'getClientAuthenticatorProviders', 'getFormProviders', 'getFormActionProviders']) {
      const providers = await authentication[list]();
      assert.ok(providers.length > 0 && providers.every((one) => one.id && one.displayName), list);
    }
    const description = await authentication.getConfigDescription({ providerId: 'identity-provider-redirector' });
    assert.equal(description.providerId, 'identity-provider-redirector');
    assert.deepEqual(description.properties.map((one) => one.name), ['defaultProvider']);
  });

  test('authentication: a flow is made, copied, changed, deleted', async () => {
    const { authenticationManagement: authentication } = world.admin;
    const builtIn = await authentication.getFlows();
    assert.ok(builtIn.some((flow) => flow.alias === 'browser' && flow.builtIn && flow.topLevel));
    const { id } = await authentication.createFlow({ alias: 'own', providerId: 'basic-flow', topLevel: true, builtIn: false });
    const flow = await authentication.getFlow({ flowId: id });
    assert.deepEqual(flow.authenticationExecutions, []);
    await authentication.updateFlow({ flowId: id }, { ...flow, description: 'ours' });
    assert.equal((await authentication.getFlow({ flowId: id })).description, 'ours');
    await authentication.copyFlow({ flow: 'browser', newName: 'browser-copy' });
    const copy = (await authentication.getFlows()).find((one) => one.alias === 'browser-copy');
    assert.equal(copy.builtIn, false);
    await refused(authentication.createFlow({ alias: 'own', providerId: 'basic-flow', topLevel: true }), 409);
    await refused(authentication.copyFlow({ flow: 'no such flow', newName: 'x' }), 404);
    await refused(authentication.getFlow({ flowId: NOBODY }), 404);
    await authentication.deleteFlow({ flowId: copy.id });
    await authentication.deleteFlow({ flowId: id });
    const [standard] = builtIn.filter((one) => one.alias === 'browser');
    await refused(authentication.deleteFlow({ flowId: standard.id }), 400);
  });

  test('authentication: executions, their order and configuration', async () => {
    const { authenticationManagement: authentication } = world.admin;
    const { id: flowId } = await authentication.createFlow({ alias: 'steps', providerId: 'basic-flow', topLevel: true, builtIn: false });
    const { id: first } = await authentication.addExecutionToFlow({ flow: 'steps', provider: 'auth-cookie' });
    const { id: second } = await authentication.addExecutionToFlow({ flow: 'steps', provider: 'identity-provider-redirector' });
    const { id: subflow } = await authentication.addFlowToFlow({ flow: 'steps', alias: 'steps forms', type: 'basic-flow', provider: 'registration-page-form', description: '' });
    assert.ok(subflow);
    const executions = await authentication.getExecutions({ flow: 'steps' });
    assert.deepEqual(executions.map(({ providerId, displayName, level, index }) => [providerId ?? displayName, level, index]), [
      ['auth-cookie', 0, 0],
      ['identity-provider-redirector', 0, 1],
      ['steps forms', 0, 2],
    ]);
    assert.equal(executions[0].requirement, 'DISABLED');
    assert.ok(executions[0].requirementChoices.includes('REQUIRED'));
    await authentication.updateExecution({ flow: 'steps' }, { ...executions[0], requirement: 'ALTERNATIVE' });
    await authentication.raisePriorityExecution({ id: second });
    await authentication.lowerPriorityExecution({ id: second });
    await authentication.raisePriorityExecution({ id: second });
    const after = await authentication.getExecutions({ flow: 'steps' });
    assert.deepEqual(after.map((one) => one.id).slice(0, 2), [second, first]);
    assert.equal(after[1].requirement, 'ALTERNATIVE');
    const { id: config } = await authentication.createConfig({ id: second, alias: 'redirect', config: { defaultProvider: 'far' } });
    assert.deepEqual(await authentication.getConfig({ id: config }), { id: config, alias: 'redirect', config: { defaultProvider: 'far' } });
    assert.equal((await authentication.getExecutions({ flow: 'steps' }))[0].authenticationConfig, config);
    await authentication.updateConfig({ id: config, alias: 'redirect', config: { defaultProvider: 'near' } }).catch((error) => {
      // The client leaves the id out of the body; a server may want it there.
      assert.equal(error.response.status, 400);
    });
    await authentication.delConfig({ id: config });
    await refused(authentication.getConfig({ id: config }), 404);
    await authentication.delExecution({ id: first });
    assert.equal((await authentication.getExecutions({ flow: 'steps' })).length, 2);
    await refused(authentication.addExecutionToFlow({ flow: 'steps', provider: 'no-such-step' }), 400);
    await authentication.deleteFlow({ flowId });
  });

  test('authentication: required actions, their order and configuration', async () => {
    const { authenticationManagement: authentication } = world.admin;
    const actions = await authentication.getRequiredActions();
    assert.ok(actions.every((one) => one.alias && one.name && one.providerId && typeof one.priority === 'number'));
    const alias = 'UPDATE_PASSWORD';
    const action = await authentication.getRequiredActionForAlias({ alias });
    await authentication.updateRequiredAction({ alias }, { ...action, name: 'New password' });
    assert.equal((await authentication.getRequiredActionForAlias({ alias })).name, 'New password');
    await authentication.updateRequiredAction({ alias }, action);
    const order = async () => (await authentication.getRequiredActions()).map((one) => one.alias).indexOf(alias);
    const before = await order();
    await authentication.raiseRequiredActionPriority({ alias });
    assert.equal(await order(), before - 1);
    await authentication.lowerRequiredActionPriority({ alias });
    assert.equal(await order(), before);
    const description = await authentication.getRequiredActionConfigDescription({ alias });
    assert.ok(description.properties.some((one) => one.name === 'max_auth_age'));
    await authentication.updateRequiredActionConfig({ alias }, { config: { max_auth_age: '100' } });
    assert.deepEqual(await authentication.getRequiredActionConfig({ alias }), { config: { max_auth_age: '100' } });
    await authentication.removeRequiredActionConfig({ alias });
    assert.notDeepEqual(await authentication.getRequiredActionConfig({ alias }), { config: { max_auth_age: '100' } });
    const removed = 'TERMS_AND_CONDITIONS';
    await authentication.deleteRequiredAction({ alias: removed });
    assert.equal(await authentication.getRequiredActionForAlias({ alias: removed }), null);
    const [unregistered] = await authentication.getUnregisteredRequiredActions();
    assert.equal(unregistered.providerId, removed);
    await authentication.registerRequiredAction(unregistered);
    assert.equal((await authentication.getRequiredActionForAlias({ alias: removed })).enabled, true);
  });
}
