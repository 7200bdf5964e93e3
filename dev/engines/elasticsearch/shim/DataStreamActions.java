package claudetrail.shim;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.datastreams.CreateDataStreamAction;
import org.elasticsearch.action.datastreams.DeleteDataStreamAction;
import org.elasticsearch.action.datastreams.GetDataStreamAction;
import org.elasticsearch.action.datastreams.GetDataStreamAction.Response.DataStreamInfo;
import org.elasticsearch.action.datastreams.GetDataStreamAction.Response.IndexProperties;
import org.elasticsearch.action.datastreams.GetDataStreamAction.Response.ManagedBy;
import org.elasticsearch.action.datastreams.lifecycle.PutDataStreamLifecycleAction;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.HandledTransportAction;
import org.elasticsearch.action.support.master.AcknowledgedResponse;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.ClusterStateUpdateTask;
import org.elasticsearch.cluster.metadata.DataStream;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.metadata.MetadataCreateDataStreamService;
import org.elasticsearch.cluster.metadata.MetadataDataStreamsService;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.index.Index;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.transport.TransportService;

/** The actions behind {@link DataStreamEnd}. Names are resolved by the engine, so a missing one is its own 404. */
public final class DataStreamActions {
    private DataStreamActions() {}

    public static final class Get extends HandledTransportAction<GetDataStreamAction.Request, GetDataStreamAction.Response> {
        private final ClusterService service;
        private final IndexNameExpressionResolver resolver;

        @Inject
        public Get(TransportService transport, ActionFilters filters, ClusterService service, IndexNameExpressionResolver resolver) {
            super(GetDataStreamAction.NAME, transport, filters, GetDataStreamAction.Request::new, EsExecutors.DIRECT_EXECUTOR_SERVICE);
            this.service = service;
            this.resolver = resolver;
        }

        @Override
        protected void doExecute(
            Task task, GetDataStreamAction.Request request, ActionListener<GetDataStreamAction.Response> listener) {
            ActionListener.completeWith(listener, () -> {
                ClusterState state = service.state();
                var found = Engine.dataStreams(state, resolver, request.getNames(), request.indicesOptions());
                return new GetDataStreamAction.Response(found.stream().map(stream -> describe(state, stream)).toList());
            });
        }

        private static DataStreamInfo describe(ClusterState state, DataStream stream) {
            String template = Engine.templateOf(state, stream);
            Settings settings = Engine.templateSettings(state, template);
            Map<Index, IndexProperties> indices = new HashMap<>();
            for (Index index : stream.getIndices()) {
                Settings indexSettings = Engine.indexSettings(state, index);
                indices.put(index, new IndexProperties(
                    prefersPolicy(indexSettings), policyName(indexSettings), managedBy(stream, indexSettings), mode(indexSettings)));
            }
            return new DataStreamInfo(stream, false, Engine.health(state, stream), template, policyName(settings), null, indices,
                prefersPolicy(settings), null, mode(settings));
        }

        private static String policyName(Settings settings) {
            return settings.get("index.lifecycle.name");
        }

        private static boolean prefersPolicy(Settings settings) {
            return settings.getAsBoolean("index.lifecycle.prefer_ilm", true);
        }

        private static String mode(Settings settings) {
            return settings.get("index.mode", "standard");
        }

        private static ManagedBy managedBy(DataStream stream, Settings settings) {
            boolean policy = policyName(settings) != null;
            boolean lifecycle = stream.getDataLifecycle() != null && stream.getDataLifecycle().enabled();
            if (policy && (lifecycle == false || prefersPolicy(settings))) {
                return ManagedBy.ILM;
            }
            return lifecycle ? ManagedBy.LIFECYCLE : ManagedBy.UNMANAGED;
        }
    }

    public static final class Create extends HandledTransportAction<CreateDataStreamAction.Request, AcknowledgedResponse> {
        private final MetadataCreateDataStreamService streams;

        @Inject
        public Create(TransportService transport, ActionFilters filters, MetadataCreateDataStreamService streams) {
            super(CreateDataStreamAction.NAME, transport, filters, CreateDataStreamAction.Request::new, EsExecutors.DIRECT_EXECUTOR_SERVICE);
            this.streams = streams;
        }

        @Override
        protected void doExecute(Task task, CreateDataStreamAction.Request request, ActionListener<AcknowledgedResponse> listener) {
            Engine.create(streams, request, listener);
        }
    }

    public static final class Delete extends HandledTransportAction<DeleteDataStreamAction.Request, AcknowledgedResponse> {
        private final ClusterService service;
        private final IndexNameExpressionResolver resolver;

        @Inject
        public Delete(TransportService transport, ActionFilters filters, ClusterService service, IndexNameExpressionResolver resolver) {
            super(DeleteDataStreamAction.NAME, transport, filters, DeleteDataStreamAction.Request::new, EsExecutors.DIRECT_EXECUTOR_SERVICE);
            this.service = service;
            this.resolver = resolver;
        }

        @Override
        @SuppressWarnings("deprecation") // of the state update; what replaces it is more code
        protected void doExecute(Task task, DeleteDataStreamAction.Request request, ActionListener<AcknowledgedResponse> listener) {
            service.submitUnbatchedStateUpdateTask("delete data streams", new ClusterStateUpdateTask() {
                @Override
                public ClusterState execute(ClusterState state) {
                    Set<DataStream> found = Set.copyOf(Engine.dataStreams(state, resolver, request.getNames(), request.indicesOptions()));
                    return found.isEmpty() ? state : Engine.delete(state, found, service.getSettings());
                }

                @Override
                public void clusterStateProcessed(ClusterState before, ClusterState after) {
                    listener.onResponse(AcknowledgedResponse.TRUE);
                }

                @Override
                public void onFailure(Exception reason) {
                    listener.onFailure(reason);
                }
            });
        }
    }

    public static final class SetLifecycle extends HandledTransportAction<PutDataStreamLifecycleAction.Request, AcknowledgedResponse> {
        private final ClusterService service;
        private final IndexNameExpressionResolver resolver;
        private final MetadataDataStreamsService streams;

        @Inject
        public SetLifecycle(TransportService transport, ActionFilters filters, ClusterService service,
            IndexNameExpressionResolver resolver, MetadataDataStreamsService streams) {
            super(PutDataStreamLifecycleAction.INSTANCE.name(), transport, filters, PutDataStreamLifecycleAction.Request::new,
                EsExecutors.DIRECT_EXECUTOR_SERVICE);
            this.service = service;
            this.resolver = resolver;
            this.streams = streams;
        }

        @Override
        protected void doExecute(Task task, PutDataStreamLifecycleAction.Request request, ActionListener<AcknowledgedResponse> listener) {
            List<String> names = Engine.dataStreams(service.state(), resolver, request.getNames(), request.indicesOptions())
                .stream().map(DataStream::getName).collect(Collectors.toList());
            Engine.setLifecycle(streams, names, request, listener);
        }
    }
}
