resource "aws_eks_access_entry" "prod_gpu_nodes" {
  cluster_name  = "prod"
  principal_arn = "arn:aws:iam::111122223333:role/prod-gpu-nodes"
  type          = "EC2_LINUX"
}

resource "aws_eks_access_entry" "prod_windows_nodes" {
  cluster_name  = "prod"
  principal_arn = "arn:aws:iam::111122223333:role/prod-windows-nodes"
  type          = "EC2_WINDOWS"
}

resource "aws_eks_access_entry" "platform_admins" {
  cluster_name  = "prod"
  principal_arn = "arn:aws:iam::111122223333:role/platform-admins"
  type          = "STANDARD"
  user_name     = "platform:{{SessionName}}"
}

resource "aws_eks_access_policy_association" "platform_admins_amazoneksclusteradminpolicy" {
  cluster_name  = aws_eks_access_entry.platform_admins.cluster_name
  principal_arn = aws_eks_access_entry.platform_admins.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

resource "aws_eks_access_entry" "awsreservedsso_clusteradmin_3f0c9a5d7e1b2846" {
  cluster_name  = "prod"
  principal_arn = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_ClusterAdmin_3f0c9a5d7e1b2846"
  type          = "STANDARD"
  user_name     = "sso-admin:{{SessionName}}"
}

resource "aws_eks_access_policy_association" "awsreservedsso_clusteradmin_3f0c9a5d7e1b2846_amazoneksclusteradminpolicy" {
  cluster_name  = aws_eks_access_entry.awsreservedsso_clusteradmin_3f0c9a5d7e1b2846.cluster_name
  principal_arn = aws_eks_access_entry.awsreservedsso_clusteradmin_3f0c9a5d7e1b2846.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

resource "aws_eks_access_entry" "awsreservedsso_developer_8b1d4e6fa2c39075" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Developer_8b1d4e6fa2c39075"
  type              = "STANDARD"
  user_name         = "sso-developer:{{SessionName}}"
  kubernetes_groups = ["developers"]
}

resource "aws_eks_access_entry" "awsreservedsso_readonly_c47a90be5d18f263" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_ReadOnly_c47a90be5d18f263"
  type              = "STANDARD"
  user_name         = "sso-viewer:{{SessionName}}"
  kubernetes_groups = ["viewers"]
}

resource "aws_eks_access_entry" "awsreservedsso_support_1e9f6b3c80d7a524" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Support_1e9f6b3c80d7a524"
  type              = "STANDARD"
  user_name         = "sso-support:{{SessionName}}"
  kubernetes_groups = ["support"]
}

resource "aws_eks_access_entry" "awsreservedsso_datascience_95ad2c7f4b60e138" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_DataScience_95ad2c7f4b60e138"
  type              = "STANDARD"
  user_name         = "sso-data:{{SessionName}}"
  kubernetes_groups = ["data-science"]
}

resource "aws_eks_access_entry" "team_payments" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-payments"
  type              = "STANDARD"
  user_name         = "payments:{{SessionName}}"
  kubernetes_groups = ["payments"]
}

resource "aws_eks_access_entry" "team_orders" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-orders"
  type              = "STANDARD"
  user_name         = "orders:{{SessionName}}"
  kubernetes_groups = ["orders"]
}

resource "aws_eks_access_entry" "team_catalog" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-catalog"
  type              = "STANDARD"
  user_name         = "catalog:{{SessionName}}"
  kubernetes_groups = ["catalog"]
}

resource "aws_eks_access_entry" "team_search" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-search"
  type              = "STANDARD"
  user_name         = "search:{{SessionName}}"
  kubernetes_groups = ["search"]
}

resource "aws_eks_access_entry" "team_shipping" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-shipping"
  type              = "STANDARD"
  user_name         = "shipping:{{SessionName}}"
  kubernetes_groups = ["shipping"]
}

resource "aws_eks_access_entry" "team_billing" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-billing"
  type              = "STANDARD"
  user_name         = "billing:{{SessionName}}"
  kubernetes_groups = ["billing"]
}

resource "aws_eks_access_entry" "team_identity" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-identity"
  type              = "STANDARD"
  user_name         = "identity:{{SessionName}}"
  kubernetes_groups = ["identity"]
}

resource "aws_eks_access_entry" "team_notifications" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-notifications"
  type              = "STANDARD"
  user_name         = "notifications:{{SessionName}}"
  kubernetes_groups = ["notifications"]
}

resource "aws_eks_access_entry" "team_analytics" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-analytics"
  type              = "STANDARD"
  user_name         = "analytics:{{SessionName}}"
  kubernetes_groups = ["analytics"]
}

resource "aws_eks_access_entry" "team_fraud" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/team-fraud"
  type              = "STANDARD"
  user_name         = "fraud:{{SessionName}}"
  kubernetes_groups = ["fraud"]
}

resource "aws_eks_access_entry" "ci_payments" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/ci-payments"
  type              = "STANDARD"
  user_name         = "ci-payments"
  kubernetes_groups = ["ci-payments"]
}

resource "aws_eks_access_entry" "ci_orders" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/ci-orders"
  type              = "STANDARD"
  user_name         = "ci-orders"
  kubernetes_groups = ["ci-orders"]
}

resource "aws_eks_access_entry" "ci_catalog" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/ci-catalog"
  type              = "STANDARD"
  user_name         = "ci-catalog"
  kubernetes_groups = ["ci-catalog"]
}

resource "aws_eks_access_entry" "ci_search" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/ci-search"
  type              = "STANDARD"
  user_name         = "ci-search"
  kubernetes_groups = ["ci-search"]
}

resource "aws_eks_access_entry" "ci_shipping" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/ci-shipping"
  type              = "STANDARD"
  user_name         = "ci-shipping"
  kubernetes_groups = ["ci-shipping"]
}

resource "aws_eks_access_entry" "ci_billing" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/ci-billing"
  type              = "STANDARD"
  user_name         = "ci-billing"
  kubernetes_groups = ["ci-billing"]
}

resource "aws_eks_access_entry" "argocd" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/argocd"
  type              = "STANDARD"
  user_name         = "argocd"
  kubernetes_groups = ["deployers"]
}

resource "aws_eks_access_entry" "backup" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/backup"
  type              = "STANDARD"
  user_name         = "backup"
  kubernetes_groups = ["backup"]
}

resource "aws_eks_access_entry" "cost_report" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/cost-report"
  type              = "STANDARD"
  user_name         = "cost-report"
  kubernetes_groups = ["viewers"]
}

resource "aws_eks_access_entry" "dns_automation" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/dns-automation"
  type              = "STANDARD"
  user_name         = "dns-automation"
  kubernetes_groups = ["dns"]
}

resource "aws_eks_access_entry" "incident_responders" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/operations/incident-responders"
  type              = "STANDARD"
  user_name         = "incident:{{SessionName}}"
  kubernetes_groups = ["incident"]
}

resource "aws_eks_access_entry" "auditors" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/security/auditors"
  type              = "STANDARD"
  user_name         = "auditor:{{SessionName}}"
  kubernetes_groups = ["auditors"]
}

resource "aws_eks_access_entry" "security_scanner" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/security/security-scanner"
  type              = "STANDARD"
  user_name         = "security-scanner"
  kubernetes_groups = ["auditors"]
}

resource "aws_eks_access_entry" "node_maintenance" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:role/operations/node-maintenance"
  type              = "STANDARD"
  user_name         = "node-maintenance"
  kubernetes_groups = ["node-maintenance"]
}

resource "aws_eks_access_entry" "break_glass" {
  cluster_name  = "prod"
  principal_arn = "arn:aws:iam::111122223333:user/break-glass"
  type          = "STANDARD"
  user_name     = "break-glass"
}

resource "aws_eks_access_policy_association" "break_glass_amazoneksclusteradminpolicy" {
  cluster_name  = aws_eks_access_entry.break_glass.cluster_name
  principal_arn = aws_eks_access_entry.break_glass.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

resource "aws_eks_access_entry" "jenkins" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:user/jenkins"
  type              = "STANDARD"
  user_name         = "jenkins"
  kubernetes_groups = ["deployers"]
}

resource "aws_eks_access_entry" "prometheus" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:user/prometheus"
  type              = "STANDARD"
  user_name         = "prometheus"
  kubernetes_groups = ["metrics"]
}

resource "aws_eks_access_entry" "oncall_pager" {
  cluster_name      = "prod"
  principal_arn     = "arn:aws:iam::111122223333:user/oncall-pager"
  type              = "STANDARD"
  user_name         = "oncall-pager"
  kubernetes_groups = ["support"]
}
