package claudetrail.shim;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.datastreams.CreateDataStreamAction;
import org.elasticsearch.action.datastreams.DataStreamsActionUtil;
import org.elasticsearch.action.datastreams.lifecycle.PutDataStreamLifecycleAction;
import org.elasticsearch.action.support.IndicesOptions;
import org.elasticsearch.action.support.master.AcknowledgedResponse;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.health.ClusterHealthStatus;
import org.elasticsearch.cluster.health.ClusterStateHealth;
import org.elasticsearch.cluster.metadata.DataStream;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.metadata.MetadataCreateDataStreamService;
import org.elasticsearch.cluster.metadata.MetadataDataStreamsService;
import org.elasticsearch.cluster.metadata.MetadataIndexTemplateService;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.Index;

/** The services of the engine that the shim asks, in the signatures of Elasticsearch 8.19. */
final class Engine {
    private Engine() {}

    static List<DataStream> dataStreams(
        ClusterState state, IndexNameExpressionResolver resolver, String[] names, IndicesOptions options) {
        Map<String, DataStream> all = state.metadata().dataStreams();
        return DataStreamsActionUtil.getDataStreamNames(resolver, state, names, options).stream().map(all::get).toList();
    }

    static String templateOf(ClusterState state, DataStream stream) {
        return MetadataIndexTemplateService.findV2Template(state.metadata(), stream.getName(), stream.isHidden());
    }

    static Settings templateSettings(ClusterState state, String template) {
        return template == null ? Settings.EMPTY : MetadataIndexTemplateService.resolveSettings(state.metadata(), template);
    }

    static Settings indexSettings(ClusterState state, Index index) {
        return state.metadata().index(index).getSettings();
    }

    static ClusterHealthStatus health(ClusterState state, DataStream stream) {
        return new ClusterStateHealth(state, indexNames(stream)).getStatus();
    }

    private static String[] indexNames(DataStream stream) {
        return stream.getIndices().stream().map(Index::getName).toArray(String[]::new);
    }

    static void create(
        MetadataCreateDataStreamService streams, CreateDataStreamAction.Request request, ActionListener<AcknowledgedResponse> listener) {
        streams.createDataStream(
            new MetadataCreateDataStreamService.CreateDataStreamClusterStateUpdateRequest(
                request.getName(), request.getStartTime(), null, request.masterNodeTimeout(), request.ackTimeout(), true),
            listener);
    }

    static ClusterState delete(ClusterState state, Set<DataStream> streams, Settings settings) {
        return MetadataDataStreamsService.deleteDataStreams(state, streams, settings);
    }

    static void setLifecycle(MetadataDataStreamsService streams, List<String> names,
        PutDataStreamLifecycleAction.Request request, ActionListener<AcknowledgedResponse> listener) {
        streams.setLifecycle(names, request.getLifecycle(), request.ackTimeout(), request.masterNodeTimeout(), listener);
    }
}
