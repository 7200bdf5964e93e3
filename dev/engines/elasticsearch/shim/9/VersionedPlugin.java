package claudetrail.shim;

import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.elasticsearch.action.datastreams.CreateDataStreamAction;
import org.elasticsearch.action.datastreams.DeleteDataStreamAction;
import org.elasticsearch.action.datastreams.GetDataStreamAction;
import org.elasticsearch.action.datastreams.lifecycle.PutDataStreamLifecycleAction;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.RestHandler;

/** Registers the ends and their actions, in the signatures of Elasticsearch 9. */
abstract class VersionedPlugin extends Plugin implements ActionPlugin {

    @Override
    public Collection<RestHandler> getRestHandlers(
        RestHandlersServices services, Supplier<DiscoveryNodes> nodes, Predicate<NodeFeature> features) {
        return List.of(new RootEnd(), new DataStreamEnd());
    }

    @Override
    public Collection<ActionHandler> getActions() {
        return List.of(
            new ActionHandler(RootEnd.ACTION, RootEnd.Action.class),
            new ActionHandler(GetDataStreamAction.INSTANCE, DataStreamActions.Get.class),
            new ActionHandler(CreateDataStreamAction.INSTANCE, DataStreamActions.Create.class),
            new ActionHandler(DeleteDataStreamAction.INSTANCE, DataStreamActions.Delete.class),
            new ActionHandler(PutDataStreamLifecycleAction.INSTANCE, DataStreamActions.SetLifecycle.class));
    }
}
